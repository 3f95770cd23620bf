#pragma once

#include <napi.h>

#include <memory>

#include "js_events.h"
#include "ledger.h"
#include "open_handles.h"
#include "poller.h"
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

  Napi::Env env() const { return env_; }

  /** Whether async contexts must not be destroyed any more: Deno 2.9 aborts when a cleanup hook does that. */
  bool abandonsContexts() const { return events.ended() && !poller->isLibuv(); }

  Ledger ledger;
  std::unique_ptr<Poller> poller;
  JsEvents events;
  OpenHandles handles;

  /** The arrays to read into, their contents gone with the next read of any socket. */
  ReadBatch batch() { return {segments_, fds_, 0, 0, 0}; }
  int* state() { return state_; }

  /** The descriptors of sendOne(), and what ended the last send. */
  const int* sendFds() const { return sendFds_; }
  int* sendState() { return sendState_; }

  static constexpr std::size_t kMostClosed = 1024;
  const int* closeFds() const { return closeFds_; }

  /** What sockets read into, cut up among them: a Buffer that is replaced when it is nearly used up. */
  class SharedSlab {
   public:
    explicit SharedSlab(std::size_t size) : size_(size) {}
    /** What is left of it, and its Buffer; empty when there is no memory, or the environment is ending. */
    Napi::Value get(Napi::Env env, Slab& into);
    void keep(const Slab& slab) { used_ = slab.used; }

   private:
    static constexpr std::size_t kReserve = 16 * 1024;
    /** glibc maps what is larger, until a larger block was freed (M_MMAP_THRESHOLD). */
    static constexpr std::size_t kMmapThreshold = 128 * 1024;

    std::size_t size_;
    std::size_t used_ = 0;
    Napi::Reference<Napi::Buffer<unsigned char>> buffer_;
  };

  SharedSlab slab{64 * 1024};
  /**
   * For sockets whose segments are large: one recvmsg and one callback take nearly what a send buffer holds by default. Three
   * times 64 KiB, so that a read of as much, which is what a socket that does not flow may hold, need not be copied where it
   * has to wait (packages/stream/receive/chunk.ts). Small segments stay out of it, since a view of few bytes that is kept keeps
   * all of its memory.
   */
  SharedSlab largeSlab{192 * 1024};

 private:
  explicit JsEnvironment(Napi::Env env) : env_(env) {}

  static void onCleanup(void* environment);

  Napi::Env env_;

  // Owned by the typed arrays that JavaScript reads them through, which are held by these references.
  SegmentRecord* segments_ = nullptr;
  int* fds_ = nullptr;
  int* state_ = nullptr;
  int* sendFds_ = nullptr;
  int* sendState_ = nullptr;
  int* closeFds_ = nullptr;
  Napi::ObjectReference arrays_[7];
};

}  // namespace ancillary
