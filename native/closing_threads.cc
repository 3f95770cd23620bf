#include "closing_threads.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "close_run.h"

namespace ancillary {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/** A close that takes longer may never come back: another thread goes on. */
constexpr milliseconds kPatience{10};
/**
 * Descriptors mostly come in a stream. A thread that is done looks again after a nap, since one that sleeps has to be
 * woken by the event loop, which costs as much as closing ten descriptors does. While there is something each time, it naps
 * for longer and longer: most of what they cost is to wake up.
 */
constexpr microseconds kShortestNap{100};
constexpr microseconds kLongestNap{1000};
constexpr int kNapsInVain = 4;
/** So many at once end a nap. */
constexpr std::size_t kMuch = 512;
/** Where so many wait the event loop waits, too, as long as they get fewer. */
constexpr std::size_t kTooMuch = 2048;
constexpr milliseconds kLongestWait{5};
constexpr std::size_t kStackSize = 128 * 1024;

/** Of all environments. Only tests ask for it, which look at the descriptors of the whole process. */
std::atomic<std::size_t> allPending{0};

/** What came by one socket and is closed one after the other, as indices into a list of closings. */
struct Stretch {
  std::size_t start;
  std::size_t end;
};

struct Work {
  std::vector<Closing> closings;
  std::vector<Stretch> stretches;
  /** The next stretch that nobody has begun to close. */
  std::atomic<std::size_t> next{0};

  bool exhausted() const { return next.load() >= stretches.size(); }

  void clear() {
    closings.clear();
    stretches.clear();
    next = 0;
  }

  void add(const Closing* added, std::size_t count) {
    const bool goesOn = !closings.empty() && closings.back().source == added->source && added->source != 0;
    closings.insert(closings.end(), added, added + count);
    if (goesOn) stretches.back().end += count;
    else stretches.push_back({closings.size() - count, closings.size()});
  }
};

void closeStretch(const Closing* closings, std::size_t count, owners::Owner owner) {
  for (std::size_t at = 0; at < count;) {
    // The kernel gives out the lowest free numbers, so what came in one message mostly is a run.
    std::size_t run = 0;
    while (at + run < count && closings[at + run].fd == closings[at].fd + static_cast<int>(run) &&
           owners::endWait(closings[at + run].fd, owner)) {
      ++run;
    }
    if (run > 0) closeRun(closings[at].fd, run);
    at += run > 0 ? run : 1;
  }
}

}  // namespace

/** What the threads share with the environment, and keep when that is gone. */
class ClosingThreads::Crew : public std::enable_shared_from_this<Crew> {
 public:
  explicit Crew(owners::Owner owner) : owner_(owner) {}

  /** False when there is no thread to close them. */
  bool add(const Closing* closings, std::size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (threads_ == 0 && !startThread()) return false;
    incoming_->add(closings, count);
    added_ += count;
    allPending += count;
    const std::size_t pending = pending_ += count;
    if (busy_ == 0) wake_.notify_one();
    else if (napping_ > 0 && pending >= kMuch) nap_.notify_one();
    if (pending >= kTooMuch) (void)waitForFewer(kTooMuch / 2, lock);
    return true;
  }

  bool hurry() {
    std::unique_lock<std::mutex> lock(mutex_);
    nap_.notify_all();
    return waitForFewer(0, lock);
  }

  void end() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    nap_.notify_all();
  }

  std::size_t pending() const { return pending_.load(); }

  bool settle(milliseconds most) {
    std::unique_lock<std::mutex> lock(mutex_);
    nap_.notify_all();
    return waitFor(0, most, lock);
  }

 private:
  /** Only while something is done: where all threads are stuck, there would be no end. Whether anything was closed. */
  bool waitForFewer(std::ptrdiff_t pending, std::unique_lock<std::mutex>& lock) {
    const std::uint64_t before = added_ - pending_;
    for (std::uint64_t closed = before; closed != closedInVain_; closed = added_ - pending_) {
      if (waitFor(pending, kLongestWait, lock)) break;
      closedInVain_ = closed;
    }
    return added_ - pending_ != before;
  }

  /** Until that many are pending. Whether there are. */
  bool waitFor(std::ptrdiff_t pending, milliseconds most, std::unique_lock<std::mutex>& lock) {
    awaited_ = pending;
    const bool reached =
        settled_.wait_for(lock, most, [=] { return static_cast<std::ptrdiff_t>(pending_.load()) <= pending; });
    awaited_ = kNobodyWaits;
    return reached;
  }

  /** The mutex is held. */
  bool startThread() {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, kStackSize);
    // The thread inherits the mask: signals are for the runtime's own threads.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    auto* const self = new std::shared_ptr<Crew>(shared_from_this());
    pthread_t thread;
    const bool started = pthread_create(&thread, &attributes, main, self) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    if (started) ++threads_;
    else delete self;
    return started;
  }

  static void* main(void* given) {
    auto* const self = static_cast<std::shared_ptr<Crew>*>(given);
    (*self)->run();
    delete self;
    return nullptr;
  }

  void run() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      if (hasWork() && (busy_ == 0 || waitedInVain(lock))) {
        workUntilDone(lock);
      } else if (ending_ && !hasWork()) {
        break;
      } else if (!hasWork() || busy_ == 0) {
        wait(lock);
      }
    }
    --threads_;
  }

  bool hasWork() const { return !work_->exhausted() || !incoming_->stretches.empty(); }

  /** Gives those who are at work time to go on. True when they did not, and there is more to do. */
  bool waitedInVain(std::unique_lock<std::mutex>& lock) {
    const std::uint64_t before = begun_;
    ++waiting_;
    wake_.wait_for(lock, kPatience);
    --waiting_;
    return hasWork() && (busy_ == 0 || begun_ == before);
  }

  void wait(std::unique_lock<std::mutex>& lock) {
    ++waiting_;
    // Timed while others work, since nobody says when they get stuck.
    if (busy_ > 0) wake_.wait_for(lock, kPatience);
    else wake_.wait(lock);
    --waiting_;
  }

  void workUntilDone(std::unique_lock<std::mutex>& lock) {
    ++busy_;
    if (waiting_ > 0) wake_.notify_one();
    else if (threads_ < kMostThreads) (void)startThread();
    microseconds pause = kShortestNap;
    for (int inVain = 0; inVain < kNapsInVain && !(ending_ && !hasWork());) {
      std::shared_ptr<Work> work = nextWork();
      lock.unlock();
      if (work != nullptr) closeAll(*work);
      inVain = work != nullptr ? 0 : inVain + 1;
      pause = work != nullptr ? std::min(2 * pause, kLongestNap) : kShortestNap;
      work.reset();
      lock.lock();
      if (incoming_->stretches.empty()) {
        ++napping_;
        nap_.wait_for(lock, pause);
        --napping_;
      }
    }
    --busy_;
  }

  /** The mutex is held. Null when there is none. */
  std::shared_ptr<Work> nextWork() {
    if (work_->exhausted() && !incoming_->stretches.empty()) {
      std::swap(work_, incoming_);
      // The memory is used again, unless somebody is stuck in there.
      if (incoming_.use_count() == 1) {
        std::atomic_thread_fence(std::memory_order_acquire);
        incoming_->clear();
      } else {
        incoming_ = std::make_shared<Work>();
      }
    }
    return work_->exhausted() ? nullptr : work_;
  }

  /** False when another thread is at what came by the same socket; it is put aside until that one is done. */
  bool begin(const Closing* closings, std::size_t count) {
    const std::uint32_t source = closings->source;
    const std::lock_guard<std::mutex> lock(mutex_);
    ++begun_;
    if (source != 0 && std::find(active_.begin(), active_.end(), source) != active_.end()) {
      aside_.insert(aside_.end(), closings, closings + count);
      return false;
    }
    active_.push_back(source);
    return true;
  }

  void finish(std::uint32_t source) {
    const std::lock_guard<std::mutex> lock(mutex_);
    active_.erase(std::find(active_.begin(), active_.end(), source));
    const auto rest = std::stable_partition(aside_.begin(), aside_.end(),
                                            [=](const Closing& closing) { return closing.source != source; });
    if (rest == aside_.end()) return;
    incoming_->add(&*rest, static_cast<std::size_t>(aside_.end() - rest));
    aside_.erase(rest, aside_.end());
  }

  /** Several threads may do this at once: each takes the next stretch. */
  void closeAll(Work& work) {
    for (;;) {
      const std::size_t index = work.next++;
      if (index >= work.stretches.size()) return;
      const Closing* const closings = work.closings.data() + work.stretches[index].start;
      const std::size_t count = work.stretches[index].end - work.stretches[index].start;
      const std::uint32_t source = closings->source;
      if (!begin(closings, count)) continue;
      closeStretch(closings, count, owner_);
      finish(source);
      allPending -= count;
      if (static_cast<std::ptrdiff_t>(pending_ -= count) <= awaited_) {
        const std::lock_guard<std::mutex> lock(mutex_);
        settled_.notify_all();
      }
    }
  }

  static constexpr std::ptrdiff_t kNobodyWaits = -1;
  static constexpr std::uint64_t kNever = UINT64_MAX;

  const owners::Owner owner_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable nap_;
  std::condition_variable settled_;
  std::atomic<std::size_t> pending_{0};
  /** How many may be pending for the event loop to go on. */
  std::atomic<std::ptrdiff_t> awaited_{kNobodyWaits};

  // Guarded by the mutex.
  /** Of what the threads are closing now. */
  std::vector<std::uint32_t> active_;
  /** What waits for a thread that is at the same source. */
  std::vector<Closing> aside_;

  // Guarded by the mutex, too; what is in the work itself is not changed once it was begun.
  std::shared_ptr<Work> work_ = std::make_shared<Work>();
  std::shared_ptr<Work> incoming_ = std::make_shared<Work>();
  int threads_ = 0;
  /** Threads that work, or nap. */
  int busy_ = 0;
  /** Threads that wait for work, or for others to get stuck. */
  int waiting_ = 0;
  int napping_ = 0;
  std::uint64_t added_ = 0;
  /** How many had been closed when the event loop last waited. */
  std::uint64_t closedInVain_ = kNever;
  /** Stretches that a thread has come to. */
  std::uint64_t begun_ = 0;
  bool ending_ = false;
};

void ClosingThreads::close(const Closing* closings, std::size_t count) {
  if (count == 0) return;
  if (crew_ == nullptr) crew_ = std::make_shared<Crew>(owner_);
  if (!crew_->add(closings, count)) closeStretch(closings, count, owner_);
}

std::size_t ClosingThreads::pending() const { return crew_ == nullptr ? 0 : crew_->pending(); }

bool ClosingThreads::hurry() { return crew_ != nullptr && crew_->pending() > 0 && crew_->hurry(); }

bool ClosingThreads::settle(int most) const { return crew_ == nullptr || crew_->settle(milliseconds(most)); }

bool ClosingThreads::settleAll(int most) {
  const auto deadline = std::chrono::steady_clock::now() + milliseconds(most);
  while (allPending > 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    const timespec nap{0, 50'000};
    nanosleep(&nap, nullptr);
  }
  return true;
}

void ClosingThreads::end() {
  if (crew_ != nullptr) crew_->end();
}

}  // namespace ancillary
