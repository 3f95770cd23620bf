#include "number_owners.h"

#include <cerrno>
#include <cstdlib>

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
    const std::uint32_t received = value & kReceived;
    if (cell.compare_exchange_weak(value, cellFor(owner, kOwned | received))) return {0, received != 0};
  }
}

bool waits(int fd) { return has(fd, kWaits); }

bool received(int fd) { return has(fd, kReceived); }

}  // namespace owners
}  // namespace ancillary
