#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "number_owners.h"

namespace ancillary {

/** A descriptor that waits to be closed ({@link owners::releaseToWait}). */
struct Closing {
  int fd;
  /** Which socket it came by, or 0. */
  std::uint32_t source;
};

/** What came by one socket and is closed one after the other. */
struct Stretch {
  const Closing* closings;
  std::size_t count;
  /** Counts those that threads came to, of the whole process, from 1. */
  std::uint64_t turn;

  std::uint32_t source() const { return closings->source; }
};

/** Closings in stretches, which threads share: each takes the next. Once one was taken, nothing is added. */
class ClosingWork {
 public:
  void add(const Closing* added, std::size_t count);
  void clear();

  bool empty() const { return ends_.empty(); }
  bool exhausted() const { return next_.load() >= ends_.size(); }

  /** Takes the next stretch that nobody has begun to close; false when there is none. */
  bool take(Stretch& into);

  const std::vector<Closing>& closings() const { return closings_; }

 private:
  std::vector<Closing> closings_;
  /** Where each stretch ends, as indices into the closings. */
  std::vector<std::size_t> ends_;
  std::atomic<std::size_t> next_{0};
};

/** Closes what is still this owner's, and adds what it is done with to `closed`. */
void closeStretch(const Stretch& stretch, owners::Owner owner, std::atomic<std::uint64_t>& closed);

}  // namespace ancillary
