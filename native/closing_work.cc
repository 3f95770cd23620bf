#include "closing_work.h"

#include "close_run.h"

namespace ancillary {

void ClosingWork::add(const Closing* added, std::size_t count) {
  const bool goesOn = !closings_.empty() && closings_.back().source == added->source && added->source != 0;
  closings_.insert(closings_.end(), added, added + count);
  if (goesOn) ends_.back() = closings_.size();
  else ends_.push_back(closings_.size());
}

void ClosingWork::clear() {
  closings_.clear();
  ends_.clear();
  next_ = 0;
}

bool ClosingWork::take(Stretch& into) {
  const std::size_t index = next_++;
  if (index >= ends_.size()) return false;
  const std::size_t start = index == 0 ? 0 : ends_[index - 1];
  into = {closings_.data() + start, ends_[index] - start, 0};
  return true;
}

void closeStretch(const Stretch& stretch, owners::Owner owner, std::atomic<std::uint64_t>& closed) {
  for (std::size_t at = 0; at < stretch.count;) {
    const Closing* const first = stretch.closings + at;
    // The kernel gives out the lowest free numbers, so what came in one message mostly is a run.
    std::size_t run = 0;
    while (at + run < stretch.count && first[run].fd == first->fd + static_cast<int>(run) &&
           owners::endWait(first[run].fd, owner)) {
      ++run;
    }
    if (run > 0) closeRun(first->fd, run);
    const std::size_t done = run > 0 ? run : 1;
    at += done;
    closed += done;
  }
}

}  // namespace ancillary
