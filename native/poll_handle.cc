#include "poll_handle.h"

namespace ancillary {

int PollHandle::open(PollHome& home, int fd, Listener& listener, Owner& into) {
  auto* const handle = new PollHandle(home, listener);
  const int error = uv_poll_init(home.loop, &handle->poll_, fd);
  if (error != 0) {
    // libuv does not know it yet, so there is no close callback to wait for.
    delete handle;
    return error;
  }
  handle->poll_.data = handle;
  ++home.outstanding;
  into.reset(handle);
  return 0;
}

int PollHandle::watch(int events) {
  // uv_poll_start costs two epoll_ctl even when nothing changes.
  if (events == watching_) return 0;
  watching_ = 0;
  const int error = events == 0 ? uv_poll_stop(&poll_) : uv_poll_start(&poll_, events, onEvent);
  if (error == 0) watching_ = events;
  return error;
}

void PollHandle::close() {
  listener_ = nullptr;
  uv_close(base(), onClosed);
}

void PollHandle::onEvent(uv_poll_t* poll, int status, int events) {
  auto* const handle = static_cast<PollHandle*>(poll->data);
  if (handle->listener_ == nullptr) return;
  // EPOLLERR arrives as UV_EBADF, and libuv has stopped the handle by then.
  if (status != 0) handle->watching_ = 0;
  handle->listener_->onPoll(status != 0, events);
}

void PollHandle::onClosed(uv_handle_t* base) {
  auto* const handle = static_cast<PollHandle*>(base->data);
  PollHome& home = handle->home_;
  delete handle;
  if (--home.outstanding == 0 && home.onIdle != nullptr) home.onIdle(home.idleArgument);
}

}  // namespace ancillary
