#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "polled_handle.h"

namespace ancillary {

/**
 * The open handles of an environment, each found by the number of its descriptor: the kernel gives out the lowest that is
 * free, so there are few gaps.
 */
class OpenHandles {
 public:
  /** The one of that kind, or null. */
  template <typename Handle>
  Handle* find(int fd) const {
    PolledHandle* const handle = any(fd);
    return handle != nullptr && handle->kind() == Handle::kKind ? static_cast<Handle*>(handle) : nullptr;
  }

  PolledHandle* any(int fd) const {
    return fd >= 0 && index(fd) < handles_.size() ? handles_[index(fd)].get() : nullptr;
  }

  void add(int fd, std::unique_ptr<PolledHandle> handle) {
    if (index(fd) >= handles_.size()) handles_.resize(index(fd) + 1);
    handles_[index(fd)] = std::move(handle);
  }

  std::unique_ptr<PolledHandle> remove(int fd) { return std::move(handles_[index(fd)]); }

  void closeAll() {
    for (std::size_t fd = 0; fd < handles_.size(); ++fd) {
      if (handles_[fd] != nullptr) handles_[fd]->close();
    }
  }

 private:
  static std::size_t index(int fd) { return static_cast<std::size_t>(fd); }

  std::vector<std::unique_ptr<PolledHandle>> handles_;
};

}  // namespace ancillary
