#pragma once

#include <sys/resource.h>

#include <cstdint>

namespace ancillary {

/**
 * How many descriptor numbers the process may have (RLIMIT_NOFILE), as it was some milliseconds ago at most: asking the kernel
 * takes a good part of what receiving a small message does, and somebody who lowers the limit does so once.
 */
class NumberLimit {
 public:
  /** RLIM_INFINITY where that cannot be known. */
  rlim_t current();

  /** As {@link current} found it last. */
  rlim_t last() const { return limit_; }

 private:
  rlim_t limit_ = RLIM_INFINITY;
  std::int64_t askAgainAt_ = 0;
};

}  // namespace ancillary
