#pragma once

#include <napi.h>
#include <uv.h>

#include <cstddef>
#include <memory>

#include "hangup_poll.h"
#include "poller.h"

namespace ancillary {

/** Polls on the environment's libuv loop, as Node's own sockets do. */
class UvPoller final : public Poller {
 public:
  /**
   * Whether this process has all of libuv. Deno has parts of it, and its uv_poll_t crashes at the first event. Bun has
   * every function, but most of them end the process: ask for its name first.
   */
  static bool isAvailable();

  /** Null where the environment has no loop, or is ending. */
  static std::unique_ptr<UvPoller> make(Napi::Env env);

  int open(int fd, DescriptorWatch::Listener& listener, DescriptorWatch::Owner& into) override;
  bool isLibuv() const override { return true; }

 private:
  class Handle;

  static void onCleanup(napi_async_cleanup_hook_handle hook, void* poller);
  /** libuv has let go of a handle; `poller` is this. */
  static void onGone(void* poller);
  void endIfIdle();

  uv_loop_t* loop_ = nullptr;
  HangupPoll::Owner hangups_;
  /** Handles of libuv's that are open, or closed and waiting for its close callback. */
  std::size_t outstanding_ = 0;
  bool ending_ = false;
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace ancillary
