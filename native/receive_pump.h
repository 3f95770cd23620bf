#pragma once

#include <cstddef>
#include <cstdint>

#include "control_message.h"

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
  std::uint32_t truncated;
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
  void allow(std::uint64_t bytes, std::uint64_t fds) {
    bytes_ = bytes;
    fds_ = fds;
  }

  bool wantsToRead() const { return !ended_ && bytes_ > 0 && fds_ > 0; }

  /** Reads until the socket is empty (docs/kernel.md 6), the allowance, the slab, or the batch's budget is used up. */
  void run(int socket, Slab& slab, ReadBatch& batch, Ledger& ledger);

 private:
  std::uint64_t bytes_ = 0;
  std::uint64_t fds_ = 0;
  bool ended_ = false;
};

}  // namespace ancillary
