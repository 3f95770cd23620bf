#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ancillary {

/**
 * Whose each descriptor number of the process is. The one thing here that environments share, though globals are avoided
 * elsewhere: the numbers are the process's, so two workers that each kept their own account could both own one, and each
 * would close it. Every function may be called on every thread.
 */
namespace owners {

/** An environment; never 0. */
using Owner = std::uint32_t;

/** Names a new environment. */
Owner make();

struct Claimed {
  /** 0, -EEXIST when it has an owner, -EBADF when that one closed it and it waits for it. */
  int error;
  /** Whether it came from a peer when it was taken last. */
  bool received;
};

/** Enters a number that is open already. */
Claimed claim(int fd, Owner owner);

/** Whether its owner closed it, and it waits for that. */
bool waits(int fd);

/** Whether it came from a peer when it was taken last; also when it was passed on since, as far as it is the same file. */
bool received(int fd);

/** Strikes a number off that stays open, and what it was; false when it is another environment's by now. */
bool pass(int fd, Owner owner);

// What follows is done to each descriptor that comes, and so is inline.
namespace detail {

/** The owner, shifted by kFlags, and flags. */
using Cell = std::atomic<std::uint32_t>;

constexpr unsigned kFlags = 3;
constexpr std::uint32_t kOwned = 1;
constexpr std::uint32_t kWaits = 2;
constexpr std::uint32_t kReceived = 4;

constexpr std::size_t kPerBlock = 65536;
constexpr std::size_t kBlocks = (std::size_t{1} << 31) / kPerBlock;

/** Made as numbers need them and never freed, as other threads may be reading; untouched pages take no memory. */
extern std::atomic<Cell*> blocks[kBlocks];

Cell* makeBlock(std::size_t index);

/** The cell of a number, which is at least 0. */
inline Cell& cellOf(int fd) {
  const auto number = static_cast<std::size_t>(fd);
  Cell* cells = blocks[number / kPerBlock].load(std::memory_order_acquire);
  if (cells == nullptr) cells = makeBlock(number / kPerBlock);
  return cells[number % kPerBlock];
}

inline std::uint32_t cellFor(Owner owner, std::uint32_t flags) { return owner << kFlags | flags; }

/**
 * Whoever has the number calls this, so a load and a store are enough. That another thread takes the number in between
 * needs somebody who closed it behind its owner's back within these few nanoseconds.
 */
inline bool change(int fd, Owner owner, std::uint32_t from, std::uint32_t to) {
  Cell& cell = cellOf(fd);
  const std::uint32_t value = cell.load(std::memory_order_acquire);
  if ((value & ~kReceived) != cellFor(owner, from)) return false;
  cell.store(cellFor(owner, to), std::memory_order_release);
  return true;
}

}  // namespace detail

/** Enters a number that the kernel gave out just now. Whoever had it before does not any more. */
inline void take(int fd, Owner owner, bool received) {
  const std::uint32_t flags = detail::kOwned | (received ? detail::kReceived : 0);
  detail::cellOf(fd).store(detail::cellFor(owner, flags), std::memory_order_release);
}

/** Strikes a number off, to be closed now; false as above. */
inline bool release(int fd, Owner owner) { return detail::change(fd, owner, detail::kOwned, 0); }

/** Strikes a number off that will be closed soon: until {@link endWait} nobody can claim it as open. */
inline bool releaseToWait(int fd, Owner owner) { return detail::change(fd, owner, detail::kOwned, detail::kWaits); }

/** Just before it is closed; false when somebody else closed it, and the kernel gave it out anew. */
inline bool endWait(int fd, Owner owner) { return detail::change(fd, owner, detail::kWaits, 0); }

}  // namespace owners
}  // namespace ancillary
