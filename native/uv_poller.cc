#include "uv_poller.h"

#include <cstdint>
#include <utility>

// Weak, so that a runtime that has no libuv can load the addon all the same.
#pragma weak uv_backend_fd
#pragma weak uv_close
#pragma weak uv_poll_init
#pragma weak uv_poll_start
#pragma weak uv_poll_stop
#pragma weak uv_ref
#pragma weak uv_unref

namespace ancillary {
namespace {

int toUv(int events) {
  return ((events & kPollReadable) != 0 ? UV_READABLE : 0) | ((events & kPollWritable) != 0 ? UV_WRITABLE : 0);
}

int fromUv(int events) {
  return ((events & UV_READABLE) != 0 ? kPollReadable : 0) | ((events & UV_WRITABLE) != 0 ? kPollWritable : 0);
}

}  // namespace

/**
 * One uv_poll_t. libuv uses the memory until its close callback ran, whatever became of the owner, so it is freed
 * there and nowhere else.
 */
class UvPoller::Handle final : public DescriptorWatch, private HangupPoll::Listener {
 public:
  Handle(UvPoller& poller, int fd, DescriptorWatch::Listener& listener)
      : poller_(poller), listener_(&listener), fd_(fd) {
    poll_.data = this;
  }

  int start() { return uv_poll_init(poller_.loop_, &poll_, fd_); }

  int watch(int events) override {
    const int error = watchHangup((events & kPollHangup) != 0);
    return error != 0 ? error : watchTraffic(events & ~kPollHangup);
  }

  void setRef(bool on) override {
    ref_ = on;
    if (on) uv_ref(base());
    else uv_unref(base());
    updateHold();
  }

 private:
  void close() override {
    listener_ = nullptr;
    watchHangup(false);
    uv_close(base(), onClosed);
  }

  int watchTraffic(int events) {
    // uv_poll_start costs two epoll_ctl even when nothing changes.
    if (events == watching_) return 0;
    watching_ = 0;
    const int error = events == 0 ? uv_poll_stop(&poll_) : uv_poll_start(&poll_, toUv(events), onEvent);
    if (error == 0) watching_ = events;
    return error;
  }

  int watchHangup(bool on) {
    if (on == (hangupId_ != 0)) return 0;
    int error = 0;
    if (on) error = poller_.hangups_->add(fd_, *this, hangupId_);
    else poller_.hangups_->remove(fd_, std::exchange(hangupId_, 0));
    updateHold();
    return error;
  }

  void updateHold() {
    const bool holds = ref_ && hangupId_ != 0;
    if (holds != holds_) poller_.hangups_->hold(holds);
    holds_ = holds;
  }

  uv_handle_t* base() { return reinterpret_cast<uv_handle_t*>(&poll_); }

  void onHangup(bool error) override { listener_->onPoll(error, kPollHangup); }

  static void onEvent(uv_poll_t* poll, int status, int events) {
    auto* const handle = static_cast<Handle*>(poll->data);
    if (handle->listener_ == nullptr) return;
    // EPOLLERR arrives as UV_EBADF, and libuv has stopped the handle by then.
    if (status != 0) handle->watching_ = 0;
    handle->listener_->onPoll(status != 0, fromUv(events));
  }

  static void onClosed(uv_handle_t* base) {
    auto* const handle = static_cast<Handle*>(base->data);
    UvPoller& poller = handle->poller_;
    delete handle;
    onGone(&poller);
  }

  UvPoller& poller_;
  DescriptorWatch::Listener* listener_;
  uv_poll_t poll_;
  const int fd_;
  int watching_ = 0;
  /** Not 0 while a hangup is watched. */
  std::uint64_t hangupId_ = 0;
  bool ref_ = true;
  /** Whether it holds the loop by {@link hangups_}, as poll_ does by itself. */
  bool holds_ = false;
};

bool UvPoller::isAvailable() { return uv_backend_fd != nullptr && uv_poll_init != nullptr; }

std::unique_ptr<UvPoller> UvPoller::make(Napi::Env env) {
  auto poller = std::make_unique<UvPoller>();
  // Never uv_default_loop(): a worker has its own.
  if (napi_get_uv_event_loop(env, &poller->loop_) != napi_ok) return nullptr;
  if (napi_add_async_cleanup_hook(env, onCleanup, poller.get(), &poller->hook_) != napi_ok) return nullptr;
  // Not when the first socket needs it, for then there may be no descriptor to be had.
  if (HangupPoll::open(poller->loop_, onGone, poller.get(), poller->hangups_) != 0) {
    napi_remove_async_cleanup_hook(poller->hook_);
    return nullptr;
  }
  ++poller->outstanding_;
  return poller;
}

int UvPoller::open(int fd, DescriptorWatch::Listener& listener, DescriptorWatch::Owner& into) {
  auto handle = std::make_unique<Handle>(*this, fd, listener);
  // On failure libuv does not know it, so there is no close callback to wait for.
  const int error = handle->start();
  if (error != 0) return error;
  ++outstanding_;
  into.reset(handle.release());
  return 0;
}

void UvPoller::onGone(void* data) {
  auto* const poller = static_cast<UvPoller*>(data);
  --poller->outstanding_;
  poller->endIfIdle();
}

void UvPoller::onCleanup(napi_async_cleanup_hook_handle, void* data) {
  auto* const poller = static_cast<UvPoller*>(data);
  poller->ending_ = true;
  poller->hangups_.reset();
  poller->endIfIdle();
}

void UvPoller::endIfIdle() {
  // The loop must live until libuv has closed every poll handle, those closed long ago included.
  if (ending_ && outstanding_ == 0) napi_remove_async_cleanup_hook(hook_);
}

}  // namespace ancillary
