#include "free_numbers.h"

#include <algorithm>
#include <cerrno>
#include <limits>

#include "receive_pump.h"

#ifdef __linux__
#include <dirent.h>
#include <sys/stat.h>
#endif

namespace ancillary {
namespace {

/** A process with fewer cannot hold any back. */
constexpr rlim_t kFewNumbers = 512;
/** No more than this part of all is held back. */
constexpr rlim_t kHeldBackShare = 8;

/** How many descriptors the process has, or -1 where that cannot be known. */
long countOpen() {
#ifdef __linux__
  struct stat directory;
  if (stat("/proc/self/fd", &directory) != 0) return -1;
  // Since Linux 6.2 (docs/kernel.md 58).
  if (directory.st_size > 0) return static_cast<long>(directory.st_size);
  DIR* const entries = opendir("/proc/self/fd");
  if (entries == nullptr) return errno == EMFILE ? std::numeric_limits<int>::max() : -1;
  // Neither itself and its parent, nor the descriptor of the directory.
  long count = -3;
  while (readdir(entries) != nullptr) ++count;
  closedir(entries);
  return count;
#else
  return -1;
#endif
}

}  // namespace

FreeNumbers::Room FreeNumbers::room(rlim_t limit) {
  if (limit < kFewNumbers) return Room::plenty;
  const rlim_t heldBack = std::min<rlim_t>(kMaxFds, limit / kHeldBackShare);
  const rlim_t enough = heldBack + ReadBatch::kMaxFdsHeld;
  if (static_cast<rlim_t>(highest_) + enough < limit) return Room::plenty;
  const long open = countOpen();
  if (open < 0) return Room::plenty;
  highest_ = static_cast<int>(std::min<rlim_t>(static_cast<rlim_t>(open), limit));
  if (static_cast<rlim_t>(open) + enough < limit) return Room::plenty;
  return static_cast<rlim_t>(open) + heldBack < limit ? Room::oneMessage : Room::none;
}

}  // namespace ancillary
