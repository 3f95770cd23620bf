#include "polled_handle.h"

#include <fcntl.h>

#include <cerrno>
#include <string>

#include "js_environment.h"

namespace ancillary {

int PolledHandle::open(int fd, Napi::Object callbacks, const char* resource,
                       std::initializer_list<Event> events) {
  environment_ = &JsEnvironment::of(self().Env());
  Ledger& ledger = environment_->ledger;
  if (ledger.heldByHandle(fd)) return -EEXIST;
  if (!events_.hold(self().Value(), callbacks, resource, events)) return 1;
  int error = fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
  if (error == 0) error = PollHandle::open(environment_->polls, fd, *this, poll_);
  if (error != 0) {
    events_.release();
    return error;
  }

  fd_ = fd;
  ledger.handOver(fd);
  environment_->handles.add(*this);
  self().Ref();
  return 0;
}

void PolledHandle::close() {
  if (!isOpen()) return;
  environment_->handles.remove(*this);
  // In this order: uv_close takes the number out of epoll, and by the next line it may belong to somebody else.
  poll_.reset();
  environment_->ledger.closeHandedOver(fd_);
  fd_ = -1;
  self().Unref();
  if (!waking_) events_.release();
}

void PolledHandle::setRef(bool ref) {
  ref_ = ref;
  updateRef();
}

void PolledHandle::updateRef() {
  if (!isOpen()) return;
  if (ref_ && holdsLoop()) poll_->ref();
  else poll_->unref();
}

void PolledHandle::updateInterest() {
  if (waking_ || !isOpen()) return;
  updateRef();
  const int error = poll_->watch(interest());
  if (error == 0) return;
  const Napi::Env env = self().Env();
  Napi::Error::New(env, "cannot poll descriptor " + std::to_string(fd_) + ": " + uv_err_name(error))
      .ThrowAsJavaScriptException();
}

bool PolledHandle::tell(Event event, std::initializer_list<napi_value> arguments) {
  if (events_.call(self().Value(), environment_->dispatch.function(event), arguments) == JsEvents::Outcome::ended) {
    if (isOpen()) giveUp();
    return false;
  }
  return isOpen();
}

void PolledHandle::onPoll(bool error, int events) {
  const Napi::Env env = self().Env();
  const Napi::HandleScope scope(env);
  // Keeps the object, and so this, from being collected when a callback closes the handle.
  [[maybe_unused]] const Napi::Object object = self().Value();
  waking_ = true;
  wake(error, events);
  waking_ = false;
  if (!isOpen()) {
    events_.release();
    return;
  }
  updateInterest();
  JsEvents::raisePending(env);
}

}  // namespace ancillary
