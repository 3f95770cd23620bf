#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "number_owners.h"

namespace ancillary {

/** A descriptor that waits to be closed ({@link owners::releaseToWait}). */
struct Closing {
  int fd;
  /** Which socket it came by, or 0. */
  std::uint32_t source;
};

/**
 * Closes what must not be closed on the event loop, since close(2) may take as long as whoever sent the descriptor likes
 * (docs/kernel.md 44): an environment's own threads, and never the runtime's pool, which a few slow closes would stop.
 *
 * One closes, in order. While it has work another one looks after it, and goes on where a close does not come back. Such a
 * close holds up what came by the same socket, and nothing else: a peer can keep one thread for each of its connections, of
 * {@link kMostThreads}. They start with the first work and end with the environment, which does not wait for them: what
 * they need is theirs.
 */
class ClosingThreads {
 public:
  static constexpr int kMostThreads = 16;

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

  /** Waits until all is closed, or a few milliseconds during which nothing was. Whether anything was closed. */
  bool hurry();

  /** Waits until all is closed, so many milliseconds at most. Whether it is. */
  bool settle(int milliseconds) const;

  void end();

  /** {@link settle} for all environments of the process. For tests. */
  static bool settleAll(int milliseconds);

 private:
  class Crew;

  const owners::Owner owner_;
  std::shared_ptr<Crew> crew_;
};

}  // namespace ancillary
