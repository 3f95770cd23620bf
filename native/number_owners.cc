#include "number_owners.h"

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <unordered_map>

#include "file_status.h"

namespace ancillary {
namespace owners {
namespace {

using namespace detail;

std::atomic<std::uint32_t> lastOwner{0};

bool has(int fd, std::uint32_t flag) {
  if (fd < 0) return false;
  Cell* const cells = blocks[static_cast<std::size_t>(fd) / kPerBlock].load(std::memory_order_acquire);
  return cells != nullptr && (cells[static_cast<std::size_t>(fd) % kPerBlock].load() & flag) != 0;
}

/** The files of descriptors that came from peers and were passed on: whoever has the number now may have closed it. */
struct Passed {
  std::mutex mutex;
  std::unordered_map<int, FileStatus> files;
};

/** Never destroyed, as threads may outlive main(). */
Passed& passed() {
  static Passed* const instance = new Passed();
  return *instance;
}

bool isStillPassed(int fd) {
  const std::lock_guard<std::mutex> lock(passed().mutex);
  const auto found = passed().files.find(fd);
  FileStatus is;
  return found != passed().files.end() && readStatus(fd, is) == 0 && is.device == found->second.device &&
         is.inode == found->second.inode;
}

}  // namespace

std::atomic<Cell*> detail::blocks[kBlocks];

Cell* detail::makeBlock(std::size_t index) {
  static_assert(sizeof(Cell) == sizeof(std::uint32_t) && Cell::is_always_lock_free, "zeroed memory is a cell");
  auto* const made = static_cast<Cell*>(std::calloc(kPerBlock, sizeof(Cell)));
  // As where a container of the standard library gets none.
  if (made == nullptr) std::abort();
  Cell* there = nullptr;
  if (blocks[index].compare_exchange_strong(there, made)) return made;
  std::free(made);
  return there;
}

Owner make() { return ++lastOwner; }

Claimed claim(int fd, Owner owner) {
  Cell& cell = cellOf(fd);
  std::uint32_t value = cell.load();
  for (;;) {
    if ((value & kOwned) != 0) return {-EEXIST, false};
    if ((value & kWaits) != 0) return {-EBADF, false};
    const std::uint32_t flag = (value & kReceived) != 0 && isStillPassed(fd) ? kReceived : 0;
    if (cell.compare_exchange_weak(value, cellFor(owner, kOwned | flag))) return {0, flag != 0};
  }
}

bool waits(int fd) { return has(fd, kWaits); }

bool received(int fd) { return has(fd, kReceived) && (has(fd, kOwned) || isStillPassed(fd)); }

bool pass(int fd, Owner owner) {
  const bool wasReceived = has(fd, kReceived);
  if (wasReceived) {
    FileStatus status;
    if (readStatus(fd, status) != 0) status = {};
    const std::lock_guard<std::mutex> lock(passed().mutex);
    passed().files[fd] = status;
  }
  return change(fd, owner, kOwned, wasReceived ? kReceived : 0);
}

}  // namespace owners
}  // namespace ancillary
