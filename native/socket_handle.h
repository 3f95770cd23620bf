#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>

#include "polled_handle.h"
#include "receive_pump.h"

namespace ancillary {

/** A connected socket that is read as far as allowed, and tells when it can be written and when the peer is gone. */
class SocketHandle final : public PolledHandle {
 public:
  static constexpr Kind kKind = Kind::socket;

  explicit SocketHandle(JsEnvironment& environment) : PolledHandle(environment) {}

  /** This and the three below return 0, or the negative errno for which the socket cannot be polled. */
  [[nodiscard]] int allowReading(std::uint64_t bytes, std::uint64_t fds, LookAhead::Extent extent);
  /** Reads go to the start of this memory from now on, one segment for each callback. */
  void readInto(Napi::Uint8Array memory) { target_ = std::make_unique<Target>(memory, false); }
  /** Reads go to this memory, one after the other, until it is full. */
  void fill(Napi::Uint8Array memory);
  /** After it was told that reading has to wait ({@link Ledger::isCongested}). */
  [[nodiscard]] int resumeReading();
  [[nodiscard]] int watchWritable();
  /** @param holds whether that is a reason for the loop to go on */
  [[nodiscard]] int watchHangup(bool holds);

  Kind kind() const override { return kKind; }

 private:
  const char* resourceName() const override { return "ANCILLARYSOCKET"; }
  std::initializer_list<Event> events() const override { return kEvents; }
  int interest() const override;
  bool holdsLoop() const override { return pump_.wantsToRead() || wantsWritable_ || hangupHolds_; }
  void wake(bool error, int events) override;
  void giveUp() override;
  void pollFailed(int error) override;

  /** False when no further callback may follow. */
  bool read();
  bool readsNow() const { return pump_.wantsToRead() && !congested_; }
  bool tellRead(Napi::Value memory, const ReadBatch& batch);
  /** Nothing is read until {@link resumeReading}. */
  bool tellLater(int why);

  static constexpr std::initializer_list<Event> kEvents = {Event::read, Event::writable, Event::hangup};
  static constexpr int kMostRounds = 16;
  /** What reading into the large slab counts for, which has room for so many times as much. */
  static constexpr int kLargeRounds = 4;
  static constexpr std::size_t kLargeSegment = 16 * 1024;
  static constexpr std::uint8_t kExpectLarge = 4;

  /** Memory that JavaScript chose to read into. */
  struct Target {
    Target(Napi::Uint8Array array, bool once) : memory(Napi::Persistent(array)), fillsUp(once) {}

    Napi::Reference<Napi::Uint8Array> memory;
    /** Whether it is read into until it is full, and not at its start again and again. */
    bool fillsUp;
    std::size_t used = 0;
  };

  /** What to read into now, and its Buffer; empty, with nothing pending, when there is none. */
  Napi::Value memoryToRead(bool large, Slab& into);
  void keepUsed(bool large, const Slab& slab);

  ReceivePump pump_;
  /** By a pointer, since most sockets have none, and there may be many. */
  std::unique_ptr<Target> target_;
  /** For so many wake-ups large segments are still expected: between them come smaller ones, of the same frame. */
  std::uint8_t expectLarge_ = 0;
  /** Something has to be closed first. */
  bool congested_ = false;
  bool wantsWritable_ = false;
  bool wantsHangup_ = false;
  bool hangupHolds_ = false;
};

}  // namespace ancillary
