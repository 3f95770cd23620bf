#include "hangup_poll.h"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

// Weak, as in uv_poller.cc.
#pragma weak uv_close
#pragma weak uv_poll_init
#pragma weak uv_poll_start
#pragma weak uv_ref
#pragma weak uv_unref

namespace ancillary {
namespace {

constexpr int kMostReports = 64;

}  // namespace

HangupPoll::HangupPoll(UniqueFd epoll, void (*onGone)(void*), void* data)
    : epoll_(std::move(epoll)), onGone_(onGone), data_(data) {
  poll_.data = this;
}

int HangupPoll::open(uv_loop_t* loop, void (*onGone)(void*), void* data, Owner& into) {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return -errno;
  auto* const made = new HangupPoll(std::move(epoll), onGone, data);
  const int error = uv_poll_init(loop, &made->poll_, made->epoll_.get());
  if (error != 0) {
    // libuv does not know it, so there is no close callback to wait for.
    delete made;
    return error;
  }
  into.reset(made);
  uv_unref(made->base());
  // Cannot fail: the number was looked at just now.
  uv_poll_start(&made->poll_, UV_READABLE, onReadable);
  return 0;
}

int HangupPoll::add(int fd, Listener& listener, std::uint64_t& id) {
  epoll_event event{};
  // Reported at once where the peer has hung up already, and then not again and again.
  event.events = EPOLLET;
  event.data.u64 = lastId_ + 1;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) return -errno;
  id = ++lastId_;
  listeners_.emplace(id, &listener);
  return 0;
}

void HangupPoll::remove(int fd, std::uint64_t id) {
  epoll_event ignored{};
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &ignored);
  listeners_.erase(id);
}

void HangupPoll::hold(bool one) {
  if (one && holding_++ == 0) uv_ref(base());
  if (!one && --holding_ == 0) uv_unref(base());
}

void HangupPoll::close() {
  uv_close(base(), onClosed);
  epoll_.reset();
}

void HangupPoll::onReadable(uv_poll_t* poll, int, int) {
  auto* const self = static_cast<HangupPoll*>(poll->data);
  epoll_event events[kMostReports];
  // What does not fit in keeps the descriptor readable.
  const int count = epoll_wait(self->epoll_.get(), events, kMostReports, 0);
  for (int i = 0; i < count; ++i) {
    // A listener may remove any of them, and have this closed with the last.
    const auto found = self->listeners_.find(events[i].data.u64);
    if (found != self->listeners_.end()) found->second->onHangup((events[i].events & EPOLLERR) != 0);
  }
}

void HangupPoll::onClosed(uv_handle_t* base) {
  auto* const self = static_cast<HangupPoll*>(base->data);
  const auto onGone = self->onGone_;
  void* const data = self->data_;
  delete self;
  onGone(data);
}

}  // namespace ancillary
