#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "closing_work.h"
#include "number_owners.h"

namespace ancillary {

class ClosingCrew;

/**
 * Closes what must not be closed on the event loop, since close(2) may take as long as whoever sent the descriptor likes
 * (docs/kernel.md 44): an environment's own threads, and never the runtime's pool, which a few slow closes would stop.
 *
 * One closes, in order. While it has work another one looks after it, and goes on where a close does not come back. Such a
 * close holds up what came by the same socket, and nothing else: a peer can keep one thread for each of its connections, of
 * {@link kMostThreads}. Where all are kept, nothing is closed any more, and sockets that go on receiving stop being read
 * ({@link Ledger::isCongested}). They start with the first work and end with the environment, which does not wait for them: what
 * they need is theirs.
 */
class ClosingThreads {
 public:
  static constexpr int kMostThreads = 64;

  /** Closes what waits of this owner. */
  explicit ClosingThreads(owners::Owner owner) : owner_(owner) {}
  ClosingThreads(const ClosingThreads&) = delete;
  ClosingThreads& operator=(const ClosingThreads&) = delete;
  /** Lets the threads end when all is closed. */
  ~ClosingThreads() { end(); }

  /** Takes over descriptors of one source, to be closed one after the other; at once where no thread can be had. */
  void close(const Closing* closings, std::size_t count);

  /** How many are not closed yet. */
  std::size_t pending() const;

  /** How many of one source are not closed yet, but for what a thread is at. */
  std::size_t pendingOf(std::uint32_t source) const;

  /** Waits until all is closed, or a few milliseconds during which nothing was. Whether anything was closed. */
  bool hurry();

  /** Has the threads look for work now. */
  void endNap();

  void end();

  // Of all environments of the process, since they share its descriptors.

  /**
   * Whether a descriptor of this file waits to be closed, or may be on its way: its number is free then, and nobody can say
   * which file it was of (docs/kernel.md 44).
   * @param turn what the last call left, 0 at first
   */
  static bool stillCloses(std::uint64_t device, std::uint64_t inode, std::uint64_t& turn);

  /** How many are not closed yet. */
  static std::size_t allPending();

  /** How many were closed so far, to tell whether closing goes on. */
  static std::uint64_t closedSoFar();

  /** Waits until all is closed, or so many naps of a millisecond during which nothing was. Whether all is. For tests. */
  static bool settleAll(int naps);

 private:
  const owners::Owner owner_;
  std::shared_ptr<ClosingCrew> crew_;
};

}  // namespace ancillary
