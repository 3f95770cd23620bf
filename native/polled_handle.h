#pragma once

#include <napi.h>

#include <initializer_list>

#include "js_events.h"
#include "open_handles.h"
#include "poll_handle.h"

namespace ancillary {

class JsEnvironment;

/**
 * What NativeSocket and NativeListener share: a descriptor that is polled, the callbacks, and closing at any moment.
 * While open, the JavaScript object is held strongly; while a callback runs, it cannot be collected either.
 */
class PolledHandle : protected OpenHandles::Node, protected PollHandle::Listener {
 protected:
  PolledHandle() = default;
  virtual ~PolledHandle() = default;

  /** Takes `fd` over: 0; a negative errno, and then `fd` stays with the caller; or 1 with an exception pending. */
  int open(int fd, Napi::Object callbacks, const char* resource, std::initializer_list<Event> events);

  bool isOpen() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  JsEnvironment& environment() { return *environment_; }

  void close();
  void setRef(bool ref);

  /** Polls for what {@link interest} says now; within {@link wake} that is left for its end. */
  void updateInterest();

  /** Calls JavaScript; false when the handle is closed afterwards or the environment is ending. */
  bool tell(Event event, std::initializer_list<napi_value> arguments);

  /** The JavaScript object that wraps this. */
  virtual Napi::Reference<Napi::Object>& self() = 0;

  /** The UV_ events to watch. */
  virtual int interest() const = 0;
  /** Whether what is watched is a reason for the loop to go on; a hangup alone is none. */
  virtual bool holdsLoop() const { return true; }
  /** The loop reports something. `error`: libuv told EPOLLERR, which hides whatever else there was. */
  virtual void wake(bool error, int events) = 0;
  /** JavaScript cannot be told of anything any more: {@link interest} must be in nothing that can come. */
  virtual void giveUp() = 0;

 private:
  void onPoll(bool error, int events) final;
  void closeForGood() final { close(); }

  JsEnvironment* environment_ = nullptr;
  JsEvents events_;
  PollHandle::Owner poll_;
  int fd_ = -1;
  bool waking_ = false;
  bool ref_ = true;

  void updateRef();
};

}  // namespace ancillary
