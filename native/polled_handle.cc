#include "polled_handle.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "js_environment.h"

namespace ancillary {

int PolledHandle::open(std::unique_ptr<PolledHandle> handle, int fd, Napi::Object callbacks) {
  JsEnvironment& home = handle->environment_;
  // The context is made here, in the caller's turn, so that its AsyncLocalStorage is seen by the callbacks.
  if (!home.events.accepts(callbacks, handle->events()) || !handle->context_.open(callbacks, handle->resourceName())) {
    return 1;
  }
  // Not before: a getter or an async hook may have opened a handle for this number in the lines above.
  if (home.ledger.heldByHandle(fd)) return -EEXIST;
  int error = !home.ledger.isConnected(fd) && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
  if (error == 0) error = home.poller->open(fd, *handle, handle->poll_);
  if (error == 0) error = handle->poll_->watch(handle->interest());
  if (error != 0) return error;
  if (!home.events.add(fd, callbacks)) return 1;

  handle->fd_ = fd;
  handle->updateRef();
  home.ledger.handOver(fd);
  home.handles.add(fd, std::move(handle));
  return 0;
}

void PolledHandle::close() {
  if (!isOpen()) return;
  std::unique_ptr<PolledHandle> self = environment_.handles.remove(fd_);
  environment_.events.remove(fd_);
  // In this order: this takes the number out of epoll, and by the next line it may belong to somebody else.
  poll_.reset();
  if (environment_.abandonsContexts()) context_.abandon();
  environment_.ledger.closeHandedOver(fd_);
  fd_ = -1;
  if (waking_) self_ = std::move(self);
}

Napi::Env PolledHandle::env() const { return environment_.env(); }

void PolledHandle::setRef(bool ref) {
  ref_ = ref;
  updateRef();
}

void PolledHandle::updateRef() {
  if (!isOpen()) return;
  poll_->setRef(ref_ && holdsLoop());
}

int PolledHandle::updateInterest() {
  if (waking_ || !isOpen()) return 0;
  updateRef();
  return poll_->watch(interest());
}

bool PolledHandle::tell(Event event, std::initializer_list<napi_value> arguments) {
  if (environment_.events.call(context_, event, fd_, arguments) == JsEvents::Outcome::ended) {
    if (isOpen()) giveUp();
    return false;
  }
  return isOpen();
}

void PolledHandle::onPoll(bool error, int events) {
  const Napi::HandleScope scope(env());
  waking_ = true;
  wake(error, events);
  waking_ = false;
  // Closed meanwhile: this ends here.
  if (const std::unique_ptr<PolledHandle> self = std::move(self_)) return;
  if (const int failure = updateInterest()) {
    waking_ = true;
    pollFailed(failure);
    waking_ = false;
    if (const std::unique_ptr<PolledHandle> self = std::move(self_)) return;
    // What it wants now may be less. Otherwise it was told.
    (void)updateInterest();
  }
  JsEvents::raisePending(env());
}

}  // namespace ancillary
