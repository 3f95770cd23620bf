#pragma once

#include <cstddef>
#include <cstdint>

#include "control_message.h"
#include "look_ahead.h"

namespace ancillary {

class Ledger;

/** Memory that reads are placed in, one after the other. */
struct Slab {
  unsigned char* bytes;
  std::size_t size;
  std::size_t used;
};

/** One segment as JavaScript reads it, four numbers in a row. */
struct SegmentRecord {
  std::uint32_t offset;
  std::uint32_t length;
  std::uint32_t fds;
  /** kTruncated, kShown, and from kRestShift on how many bytes of the message go on behind. */
  std::uint32_t marks;

  /** The kernel dropped descriptors. */
  static constexpr std::uint32_t kTruncated = 1;
  /** These bytes are still in the kernel's queue: they end where a message with descriptors does. */
  static constexpr std::uint32_t kShown = 2;
  static constexpr unsigned kRestShift = 2;
};

/** What one wake-up read; the arrays belong to the environment. */
struct ReadBatch {
  static constexpr std::size_t kMaxSegments = 64;
  /** No further recvmsg from here on; the last one may bring a whole bundle on top. */
  static constexpr std::size_t kFdBudget = 512;
  static constexpr std::size_t kMaxFdsHeld = kFdBudget + kMaxFds;
  static constexpr int kEndOfFile = 1;

  SegmentRecord* segments;
  int* fds;
  std::size_t segmentCount;
  std::size_t fdCount;
  /** 0 while the stream goes on, kEndOfFile, or a negative errno. */
  int end;
};

/** Reads a stream socket under a budget, and never more than was allowed. */
class ReceivePump {
 public:
  /** From now on at most `bytes`, and no recvmsg once `fds` descriptors came. */
  void allow(std::uint64_t bytes, std::uint64_t fds, LookAhead::Extent extent = LookAhead::Extent::nothing) {
    bytes_ = bytes;
    fds_ = fds;
    // What was seen stays true until something is read.
    if (bytes > 0) ahead_.look(extent);
  }

  bool wantsToRead() const { return !ended_ && bytes_ > 0 && fds_ > 0; }

  /**
   * Reads until the socket is empty (docs/kernel.md 6), or the allowance, the slab, the batch's budget or `mostSegments`
   * is used up. Returns whether it is worth while to go on at once, as far as the socket is concerned.
   */
  bool run(int socket, Slab& slab, ReadBatch& batch, Ledger& ledger, std::size_t mostSegments = ReadBatch::kMaxSegments);

 private:
  bool readSegments(int socket, Slab& slab, ReadBatch& batch, Ledger& ledger, std::size_t mostSegments);

  std::uint64_t bytes_ = 0;
  std::uint64_t fds_ = 0;
  bool ended_ = false;
  LookAhead ahead_;
  /** Wake-ups in a row that brought one segment. */
  unsigned lone_ = 0;

  /** Such a row is most likely questions and answers: asking whether more came would be a system call for nothing. */
  bool expectsOne() const { return lone_ >= kRow && lone_ % kTryAgain != 0; }

  static constexpr unsigned kRow = 4;
  static constexpr unsigned kTryAgain = 16;
};

}  // namespace ancillary
