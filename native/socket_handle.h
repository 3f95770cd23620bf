#pragma once

#include <napi.h>

#include "polled_handle.h"
#include "receive_pump.h"

namespace ancillary {

/** NativeSocket of addon.ts. */
class SocketHandle final : public Napi::ObjectWrap<SocketHandle>, private PolledHandle {
 public:
  static Napi::Function define(Napi::Env env);
  /** openSocket(fd, callbacks) of addon.ts. */
  static Napi::Value openSocket(const Napi::CallbackInfo& info);

  explicit SocketHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

 private:
  Napi::Value getFd(const Napi::CallbackInfo& info);
  void allowReading(const Napi::CallbackInfo& info);
  void readInto(const Napi::CallbackInfo& info);
  Napi::Value sendOne(const Napi::CallbackInfo& info);
  Napi::Value send(const Napi::CallbackInfo& info);
  void watchWritable(const Napi::CallbackInfo& info);
  void watchHangup(const Napi::CallbackInfo& info);
  Napi::Value shutdownSending(const Napi::CallbackInfo& info);
  Napi::Value getHungUp(const Napi::CallbackInfo& info);
  Napi::Value getUnread(const Napi::CallbackInfo& info);
  void refLoop(const Napi::CallbackInfo&) { setRef(true); }
  void unrefLoop(const Napi::CallbackInfo&) { setRef(false); }
  void closeNow(const Napi::CallbackInfo&) { close(); }

  Napi::Reference<Napi::Object>& self() override { return *this; }
  int interest() const override;
  bool holdsLoop() const override { return pump_.wantsToRead() || wantsWritable_; }
  void wake(bool error, int events) override;
  void giveUp() override;

  /** False when no further callback may follow. */
  bool read();
  bool readToMemory();
  bool tellRead(Napi::Value memory, const ReadBatch& batch);
  bool hungUp() const;

  static constexpr int kMostRounds = 16;
  /** What reading into the large slab counts for, which has room for so many times as much. */
  static constexpr int kLargeRounds = 4;
  static constexpr std::size_t kLargeSegment = 16 * 1024;

  ReceivePump pump_;
  /** The user's memory, if reads go there. */
  Napi::Reference<Napi::Uint8Array> memory_;
  /** The last segment was large, so the next are likely to be. */
  bool readsLarge_ = false;
  bool wantsWritable_ = false;
  bool wantsHangup_ = false;
};

}  // namespace ancillary
