#include "closing_threads.h"

#include <time.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "closing_crew.h"

namespace ancillary {
namespace {

/** Those that have not ended, nor closed all. */
class Crews {
 public:
  /** Never destroyed, as threads may outlive main(). */
  static Crews& all() {
    static Crews* const instance = new Crews();
    return *instance;
  }

  std::shared_ptr<ClosingCrew> make(owners::Owner owner) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto isGone = [](const std::weak_ptr<ClosingCrew>& each) { return each.expired(); };
    crews_.erase(std::remove_if(crews_.begin(), crews_.end(), isGone), crews_.end());
    auto made = std::make_shared<ClosingCrew>(owner);
    crews_.push_back(made);
    return made;
  }

  template <typename Function>
  void each(Function function) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const std::weak_ptr<ClosingCrew>& each : crews_) {
      if (const std::shared_ptr<ClosingCrew> crew = each.lock()) function(*crew);
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<ClosingCrew>> crews_;
};

}  // namespace

void ClosingThreads::close(const Closing* closings, std::size_t count) {
  if (count == 0) return;
  if (crew_ == nullptr) crew_ = Crews::all().make(owner_);
  if (crew_->add(closings, count)) return;
  std::atomic<std::uint64_t> closed{0};
  closeStretch({closings, count, 0}, owner_, closed);
}

std::size_t ClosingThreads::pending() const { return crew_ == nullptr ? 0 : crew_->pending(); }

std::size_t ClosingThreads::pendingOf(std::uint32_t source) const {
  return crew_ == nullptr ? 0 : crew_->pendingOf(source);
}

bool ClosingThreads::hurry() { return crew_ != nullptr && crew_->pending() > 0 && crew_->hurry(); }

void ClosingThreads::endNap() {
  if (crew_ != nullptr) crew_->endNap();
}

void ClosingThreads::end() {
  if (crew_ != nullptr) crew_->end();
}

bool ClosingThreads::stillCloses(std::uint64_t device, std::uint64_t inode, std::uint64_t& turn) {
  bool waits = false;
  Crews::all().each([&](ClosingCrew& crew) {
    crew.endNap();
    waits = waits || crew.hasWaiting(device, inode);
  });
  if (waits) {
    // It has its turn later.
    turn = 0;
    return true;
  }
  if (turn == 0) turn = ClosingCrew::turns();
  bool closing = false;
  Crews::all().each([&](ClosingCrew& crew) { closing = closing || crew.isClosingOf(turn); });
  return closing;
}

std::size_t ClosingThreads::allPending() {
  std::size_t pending = 0;
  Crews::all().each([&](const ClosingCrew& crew) { pending += crew.pending(); });
  return pending;
}

std::uint64_t ClosingThreads::closedSoFar() {
  std::uint64_t closed = 0;
  Crews::all().each([&](const ClosingCrew& crew) { closed += crew.closed(); });
  return closed;
}

bool ClosingThreads::settleAll(int naps) {
  std::uint64_t before = closedSoFar();
  for (int inVain = 0; inVain <= naps; ++inVain) {
    if (allPending() == 0) return true;
    Crews::all().each([](ClosingCrew& crew) { crew.endNap(); });
    const timespec nap{0, inVain < 20 ? 50'000 : 1'000'000};
    nanosleep(&nap, nullptr);
    const std::uint64_t closed = closedSoFar();
    if (closed != before) inVain = 0;
    before = closed;
  }
  return false;
}

}  // namespace ancillary
