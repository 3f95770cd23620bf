#pragma once

#include <napi.h>

#include <initializer_list>
#include <memory>

#include "async_context.h"
#include "js_events.h"
#include "poller.h"

namespace ancillary {

class JsEnvironment;

/**
 * What sockets and listeners share: a descriptor that is polled, the callbacks, and closing at any moment. JavaScript names
 * a handle by its descriptor's number: objects that wrap handles would take as much memory as the handles do.
 */
class PolledHandle : private DescriptorWatch::Listener {
 public:
  enum class Kind { socket, listener, readiness };

  virtual ~PolledHandle() = default;
  PolledHandle(const PolledHandle&) = delete;
  PolledHandle& operator=(const PolledHandle&) = delete;

  virtual Kind kind() const = 0;

  /**
   * Has a new handle take `fd` over, and be owned by the environment while open: 0. A negative errno, or 1 with an exception
   * pending, and then `fd` stays with the caller.
   */
  static int open(std::unique_ptr<PolledHandle> handle, int fd, Napi::Object callbacks);

  /** Closes the descriptor at once. The handle is gone then, or, within a callback of its own, when that returns. */
  void close();
  void setRef(bool ref);

 protected:
  explicit PolledHandle(JsEnvironment& environment) : environment_(environment) {}

  bool isOpen() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  JsEnvironment& environment() { return environment_; }
  Napi::Env env() const;

  /**
   * Polls for what {@link interest} says now; within {@link wake} that is left for its end. 0, or the negative errno for which
   * it cannot, such as -ENOSPC where the user's watches are used up (epoll(7)).
   */
  [[nodiscard]] int updateInterest();

  /** Calls JavaScript; false when the handle is closed afterwards or the environment is ending. */
  bool tell(Event event, std::initializer_list<napi_value> arguments);

  /** How an async hook sees it. */
  virtual const char* resourceName() const = 0;
  /** The callbacks that it calls. */
  virtual std::initializer_list<Event> events() const = 0;
  /** The {@link PollEvent}s to watch. */
  virtual int interest() const = 0;
  /** Whether what is watched is a reason for the loop to go on; a hangup alone is none, unless somebody said so. */
  virtual bool holdsLoop() const { return true; }
  /** The loop reports something. `error`: there was EPOLLERR, which hides whatever else there was. */
  virtual void wake(bool error, int events) = 0;
  /** JavaScript cannot be told of anything any more: {@link interest} must be in nothing that can come. */
  virtual void giveUp() = 0;
  /** After {@link wake} it could not be polled: JavaScript is told of that errno, once. */
  virtual void pollFailed(int error) = 0;

 private:
  void onPoll(bool error, int events) final;
  void updateRef();

  JsEnvironment& environment_;
  AsyncContext context_;
  DescriptorWatch::Owner poll_;
  /** What it is owned by between closing within a callback and the end of that. */
  std::unique_ptr<PolledHandle> self_;
  int fd_ = -1;
  bool waking_ = false;
  bool ref_ = true;
};

}  // namespace ancillary
