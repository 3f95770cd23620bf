#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "closing_work.h"
#include "number_owners.h"
#include "thread_state.h"

namespace ancillary {

/** The threads of {@link ClosingThreads}, and what they share with the environment and keep when that is gone. */
class ClosingCrew : public std::enable_shared_from_this<ClosingCrew> {
 public:
  explicit ClosingCrew(owners::Owner owner) : owner_(owner) {}

  /** False when there is no thread to close them. */
  bool add(const Closing* closings, std::size_t count);

  std::size_t pending() const { return pending_.load(); }

  /** How many were closed so far, or turned out to be somebody else's. */
  std::uint64_t closed() const { return closed_.load(); }

  /** {@link ClosingThreads::hurry} */
  bool hurry();

  /** Has the threads look for work now. */
  void endNap();

  /** {@link ClosingThreads::pendingOf} */
  std::size_t pendingOf(std::uint32_t source);

  /** Whether one that waits to be closed is of this file. */
  bool hasWaiting(std::uint64_t device, std::uint64_t inode);

  /** Whether a thread is still at what it came to at this turn or before. */
  bool isClosingOf(std::uint64_t turn);

  /** How many stretches threads of the process have come to. */
  static std::uint64_t turns();

  /** The threads end when all is closed. */
  void end();

 private:
  using Lock = std::unique_lock<std::mutex>;

  /**
   * Only while something is done: where all threads are stuck, there would be no end. Whether anything was closed.
   * @param most how often it may wait in vain for threads that would go on, had they a processor
   */
  bool waitForFewer(std::ptrdiff_t pending, int most, Lock& lock);

  /** The mutex is held. Whether one of the threads is not stuck. */
  bool anyRunnable() const;

  /** The mutex is held. */
  bool startThread();
  static void* main(void* given);
  void run();

  bool hasWork() const { return !work_->exhausted() || !incoming_->empty(); }

  /** Gives those who are at work time to go on. True when they did not, and there is more to do. */
  bool waitedInVain(Lock& lock);
  void wait(Lock& lock);
  void workUntilDone(Lock& lock);

  /** The mutex is held. Null when there is none. */
  std::shared_ptr<ClosingWork> nextWork();

  /** False when another thread is at what came by the same socket; it is put aside until that one is done. */
  bool begin(Stretch& stretch);
  void finish(const Stretch& stretch);

  /** Several threads may do this at once: each takes the next stretch. */
  void closeAll(ClosingWork& work);

  static constexpr std::ptrdiff_t kNobodyWaits = -1;

  const owners::Owner owner_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable nap_;
  std::condition_variable settled_;
  std::atomic<std::size_t> pending_{0};
  std::atomic<std::uint64_t> closed_{0};
  /** How many may be pending for the event loop to go on. */
  std::atomic<std::ptrdiff_t> awaited_{kNobodyWaits};

  // Guarded by the mutex.
  /** What the threads are closing now. */
  std::vector<Stretch> active_;
  /** What waits for a thread that is at the same source. */
  std::vector<Closing> aside_;

  // Guarded by the mutex, too; what is in the work itself is not changed once it was begun.
  std::shared_ptr<ClosingWork> work_ = std::make_shared<ClosingWork>();
  std::shared_ptr<ClosingWork> incoming_ = std::make_shared<ClosingWork>();
  int threads_ = 0;
  /** As {@link isRunnable} knows them. */
  std::vector<pid_t> ids_;
  /** Threads that work, or nap. */
  int busy_ = 0;
  /** Threads that wait for work, or for others to get stuck. */
  int waiting_ = 0;
  int napping_ = 0;
  /** How many have to be closed before the event loop waits again, since it waited in vain. */
  std::uint64_t waitFrom_ = 0;
  /** Stretches that a thread has come to. */
  std::uint64_t begun_ = 0;
  bool ending_ = false;
};

}  // namespace ancillary
