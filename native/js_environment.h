#pragma once

#include <napi.h>

#include "js_events.h"
#include "ledger.h"
#include "open_handles.h"
#include "poll_handle.h"
#include "receive_pump.h"

namespace ancillary {

/** All state of the addon in one Node environment (the main thread or a worker); there is none outside. */
class JsEnvironment {
 public:
  /** Makes it the environment's instance data, and has it cleaned up when the environment ends. */
  static JsEnvironment* install(Napi::Env env);
  static JsEnvironment& of(Napi::Env env) { return *env.GetInstanceData<JsEnvironment>(); }

  /** Defines the arrays that addon.ts shares with it; false when it cannot, in an environment that is ending already. */
  bool exportArrays(Napi::Object exports);

  Ledger ledger;
  OpenHandles handles;
  PollHome polls;
  JsDispatch dispatch;
  Napi::FunctionReference socketClass;
  Napi::FunctionReference listenerClass;

  /** The arrays to read into, their contents gone with the next read of any socket. */
  ReadBatch batch() { return {segments_, fds_, 0, 0, 0}; }
  int* state() { return state_; }

  /** The descriptors of sendOne(), and what ended the last send. */
  const int* sendFds() const { return sendFds_; }
  int* sendState() { return sendState_; }

  static constexpr std::size_t kMostClosed = 1024;
  const int* closeFds() const { return closeFds_; }

  /**
   * The slab, a new one when the last is nearly used up, and its Buffer; {@link keepSlab} notes what was used.
   * Empty when there is no memory, or the environment is ending.
   */
  Napi::Value slab(Slab& into);
  void keepSlab(const Slab& slab, const ReadBatch& batch);

 private:
  explicit JsEnvironment(Napi::Env env) : env_(env) {}

  static void onCleanup(napi_async_cleanup_hook_handle hook, void* environment);
  static void onPollsClosed(void* environment);

  static constexpr std::size_t kSlabSize = 64 * 1024;
  static constexpr std::size_t kSlabReserve = 16 * 1024;
  /** As much as waits in a full socket: where many bytes come at once, one recvmsg and one callback take them all. */
  static constexpr std::size_t kLargeSlabSize = 256 * 1024;

  Napi::Env env_;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;

  Napi::Reference<Napi::Buffer<unsigned char>> slab_;
  std::size_t slabSize_ = 0;
  std::size_t slabUsed_ = 0;
  /** How large the next slab is; it follows the segments, so that a small one that is kept does not keep much memory. */
  std::size_t nextSlabSize_ = kSlabSize;

  // Owned by the typed arrays that JavaScript reads them through, which are held by these references.
  SegmentRecord* segments_ = nullptr;
  int* fds_ = nullptr;
  int* state_ = nullptr;
  int* sendFds_ = nullptr;
  int* sendState_ = nullptr;
  int* closeFds_ = nullptr;
  Napi::ObjectReference arrays_[6];
};

}  // namespace ancillary
