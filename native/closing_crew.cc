#include "closing_crew.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "closing_threads.h"
#include "file_status.h"

namespace ancillary {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/** A close that takes longer may never come back: another thread goes on. */
constexpr milliseconds kPatience{10};
/**
 * Descriptors mostly come in a stream. A thread that is done looks again after a nap, since one that sleeps has to be
 * woken by the event loop, which costs as much as closing ten descriptors does. While there are several each time, it naps
 * for longer and longer: most of what they cost is to wake up. The longest naps are for streams that go on meanwhile: who sends
 * some and waits until they are closed would wait for one each time.
 */
constexpr microseconds kShortestNap{100};
constexpr microseconds kLongNap{1000};
constexpr microseconds kLongestNap{8000};
/** So many in each {@link kLongNap} are such a stream. */
constexpr std::uint64_t kStream = 16;
constexpr int kNapsInVain = 4;
/** So many at once end a nap. */
constexpr std::size_t kMuch = 512;
/** Where so many wait the event loop waits, too, as long as they get fewer. */
constexpr std::size_t kTooMuch = 2048;
constexpr milliseconds kLongestWait{5};
/** Fewer in that time come back as somebody lets them, one by one: waiting on would be what keeps everybody else waiting. */
constexpr std::uint64_t kWorthWaiting = 64;
/** Where descriptors would be lost, it waits as often for threads that have no processor. */
constexpr int kMostWaits = 200;
constexpr std::size_t kStackSize = 128 * 1024;

/** Of all environments, whose closes a server that ends waits for. */
std::atomic<std::uint64_t> lastTurn{0};

/** How long to nap after one nap, for so many that came meanwhile. */
microseconds nextNap(microseconds nap, std::uint64_t closed) {
  if (closed < 2) return kShortestNap;
  if (closed * kLongNap >= kStream * nap) return std::min(2 * nap, kLongestNap);
  // A stream may falter: its sender has no processor for a while.
  return nap > kLongNap ? std::max(nap / 2, kLongNap) : std::min(2 * nap, kLongNap);
}

}  // namespace

bool ClosingCrew::add(const Closing* closings, std::size_t count) {
  Lock lock(mutex_);
  if (threads_ == 0 && !startThread()) return false;
  incoming_->add(closings, count);
  const std::size_t pending = pending_ += count;
  if (busy_ == 0) wake_.notify_one();
  else if (napping_ > 0 && pending >= kMuch) nap_.notify_one();
  if (pending >= kTooMuch) (void)waitForFewer(kTooMuch / 2, 1, lock);
  return true;
}

bool ClosingCrew::hurry() {
  Lock lock(mutex_);
  nap_.notify_all();
  return waitForFewer(0, kMostWaits, lock);
}

void ClosingCrew::endNap() {
  const std::lock_guard<std::mutex> lock(mutex_);
  nap_.notify_all();
}

std::size_t ClosingCrew::pendingOf(std::uint32_t source) {
  const std::lock_guard<std::mutex> lock(mutex_);
  // Of the work some were closed.
  const auto waits = [=](const Closing& closing) { return closing.source == source && owners::waits(closing.fd); };
  const std::vector<Closing>* const all[] = {&incoming_->closings(), &work_->closings(), &aside_};
  std::size_t count = 0;
  for (const std::vector<Closing>* each : all) {
    count += static_cast<std::size_t>(std::count_if(each->begin(), each->end(), waits));
  }
  return count;
}

bool ClosingCrew::hasWaiting(std::uint64_t device, std::uint64_t inode) {
  const std::lock_guard<std::mutex> lock(mutex_);
  // Work has some, too, that were closed and may be somebody's again.
  const auto waits = [=](const Closing& closing) {
    FileStatus is;
    return owners::waits(closing.fd) && readStatus(closing.fd, is) == 0 && is.device == device && is.inode == inode;
  };
  const auto anyWaits = [=](const std::vector<Closing>& closings) {
    return std::any_of(closings.begin(), closings.end(), waits);
  };
  return anyWaits(incoming_->closings()) || anyWaits(work_->closings()) || anyWaits(aside_);
}

bool ClosingCrew::isClosingOf(std::uint64_t turn) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::any_of(active_.begin(), active_.end(), [=](const Stretch& stretch) { return stretch.turn <= turn; });
}

std::uint64_t ClosingCrew::turns() { return lastTurn; }

void ClosingCrew::end() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  nap_.notify_all();
}

bool ClosingCrew::waitForFewer(std::ptrdiff_t pending, int most, Lock& lock) {
  const std::uint64_t before = closed_;
  int inVain = 0;
  for (std::uint64_t closed = before; closed >= waitFrom_; closed = closed_) {
    awaited_ = pending;
    const bool reached =
        settled_.wait_for(lock, kLongestWait, [=] { return static_cast<std::ptrdiff_t>(pending_.load()) <= pending; });
    awaited_ = kNobodyWaits;
    if (reached) break;
    inVain = closed_ - closed < kWorthWaiting ? inVain + 1 : 0;
    if (inVain < most && (inVain == 0 || anyRunnable())) continue;
    // Unless all that waits is gone before that.
    waitFrom_ = closed_ + std::min<std::uint64_t>(kWorthWaiting, pending_);
  }
  return closed_ != before;
}

bool ClosingCrew::anyRunnable() const { return std::any_of(ids_.begin(), ids_.end(), isRunnable); }

bool ClosingCrew::startThread() {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackSize);
  // The thread inherits the mask: signals are for the runtime's own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto* const self = new std::shared_ptr<ClosingCrew>(shared_from_this());
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, main, self) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (started) ++threads_;
  else delete self;
  return started;
}

void* ClosingCrew::main(void* given) {
  auto* const self = static_cast<std::shared_ptr<ClosingCrew>*>(given);
  (*self)->run();
  delete self;
  return nullptr;
}

void ClosingCrew::run() {
  Lock lock(mutex_);
  ids_.push_back(currentThread());
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
  ids_.erase(std::find(ids_.begin(), ids_.end(), currentThread()));
}

bool ClosingCrew::waitedInVain(Lock& lock) {
  const std::uint64_t before = begun_;
  ++waiting_;
  wake_.wait_for(lock, kPatience);
  --waiting_;
  return hasWork() && (busy_ == 0 || begun_ == before);
}

void ClosingCrew::wait(Lock& lock) {
  ++waiting_;
  // Timed while others work, since nobody says when they get stuck.
  if (busy_ > 0) wake_.wait_for(lock, kPatience);
  else wake_.wait(lock);
  --waiting_;
}

void ClosingCrew::workUntilDone(Lock& lock) {
  ++busy_;
  if (waiting_ > 0) wake_.notify_one();
  else if (threads_ < ClosingThreads::kMostThreads) (void)startThread();
  microseconds pause = kShortestNap;
  for (int inVain = 0; inVain < kNapsInVain && !(ending_ && !hasWork());) {
    std::shared_ptr<ClosingWork> work = nextWork();
    const std::uint64_t before = closed_;
    lock.unlock();
    if (work != nullptr) closeAll(*work);
    inVain = work != nullptr ? 0 : inVain + 1;
    pause = nextNap(pause, closed_ - before);
    work.reset();
    lock.lock();
    if (incoming_->empty()) {
      ++napping_;
      nap_.wait_for(lock, pause);
      --napping_;
    }
  }
  --busy_;
}

std::shared_ptr<ClosingWork> ClosingCrew::nextWork() {
  if (work_->exhausted() && !incoming_->empty()) {
    std::swap(work_, incoming_);
    // The memory is used again, unless somebody is stuck in there.
    if (incoming_.use_count() == 1) {
      std::atomic_thread_fence(std::memory_order_acquire);
      incoming_->clear();
    } else {
      incoming_ = std::make_shared<ClosingWork>();
    }
  }
  return work_->exhausted() ? nullptr : work_;
}

bool ClosingCrew::begin(Stretch& stretch) {
  const std::uint32_t source = stretch.source();
  const std::lock_guard<std::mutex> lock(mutex_);
  ++begun_;
  const auto same = [=](const Stretch& other) { return source != 0 && other.source() == source; };
  if (std::any_of(active_.begin(), active_.end(), same)) {
    aside_.insert(aside_.end(), stretch.closings, stretch.closings + stretch.count);
    return false;
  }
  stretch.turn = ++lastTurn;
  active_.push_back(stretch);
  return true;
}

void ClosingCrew::finish(const Stretch& stretch) {
  const std::uint32_t source = stretch.source();
  const std::lock_guard<std::mutex> lock(mutex_);
  active_.erase(std::find_if(active_.begin(), active_.end(),
                             [=](const Stretch& other) { return other.closings == stretch.closings; }));
  const auto rest = std::stable_partition(aside_.begin(), aside_.end(),
                                          [=](const Closing& closing) { return closing.source != source; });
  if (rest == aside_.end()) return;
  incoming_->add(&*rest, static_cast<std::size_t>(aside_.end() - rest));
  aside_.erase(rest, aside_.end());
}

void ClosingCrew::closeAll(ClosingWork& work) {
  for (Stretch stretch; work.take(stretch);) {
    if (!begin(stretch)) continue;
    closeStretch(stretch, owner_, closed_);
    finish(stretch);
    if (static_cast<std::ptrdiff_t>(pending_ -= stretch.count) <= awaited_) {
      const std::lock_guard<std::mutex> lock(mutex_);
      settled_.notify_all();
    }
  }
}

}  // namespace ancillary
