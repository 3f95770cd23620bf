#pragma once

#include <uv.h>

#include <cstddef>
#include <memory>

namespace ancillary {

/** The event loop of one environment, and how many poll handles it still has to forget. */
struct PollHome {
  uv_loop_t* loop = nullptr;
  /** Not yet closed, or closed and waiting for the close callback. */
  std::size_t outstanding = 0;
  /** Called whenever the last one is forgotten, if set. */
  void (*onIdle)(void*) = nullptr;
  void* idleArgument = nullptr;
};

/**
 * One uv_poll_t. libuv uses the memory until its close callback ran, whatever became of the owner, so it is freed
 * there and nowhere else.
 */
class PollHandle {
 public:
  class Listener {
   public:
    /** `error`: libuv saw EPOLLERR, which it does not tell from EPOLLIN and EPOLLOUT; watching has stopped. */
    virtual void onPoll(bool error, int events) = 0;

   protected:
    ~Listener() = default;
  };

  struct Closer {
    void operator()(PollHandle* handle) const { handle->close(); }
  };
  using Owner = std::unique_ptr<PollHandle, Closer>;

  /** Makes `fd` non-blocking. 0, or a negative errno; -EEXIST when another handle of the loop polls that number. */
  static int open(PollHome& home, int fd, Listener& listener, Owner& into);

  /** Watches these UV_ events, none for 0. A negative errno as for {@link open}. */
  int watch(int events);

  void ref() { uv_ref(base()); }
  void unref() { uv_unref(base()); }

 private:
  PollHandle(PollHome& home, Listener& listener) : home_(home), listener_(&listener) {}

  /** Takes the descriptor out of the loop's poll set at once; it may be closed right after. */
  void close();

  uv_handle_t* base() { return reinterpret_cast<uv_handle_t*>(&poll_); }
  static void onEvent(uv_poll_t* poll, int status, int events);
  static void onClosed(uv_handle_t* handle);

  PollHome& home_;
  Listener* listener_;
  uv_poll_t poll_;
  int watching_ = 0;
};

}  // namespace ancillary
