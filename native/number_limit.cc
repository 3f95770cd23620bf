#include "number_limit.h"

#include <time.h>

namespace ancillary {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;

/** Nanoseconds, by a clock that is read without a system call. */
std::int64_t now() {
  timespec time;
  if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) return 0;
  return static_cast<std::int64_t>(time.tv_sec) * 1000 * kMillisecond + time.tv_nsec;
}

}  // namespace

rlim_t NumberLimit::current() {
  const std::int64_t time = now();
  if (time != 0 && time < askAgainAt_) return limit_;
  rlimit limit;
  limit_ = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
  askAgainAt_ = time + kMillisecond;
  return limit_;
}

}  // namespace ancillary
