#pragma once

#include <cstddef>

#include "descriptor_set.h"

namespace ancillary {

/**
 * Who must close which descriptor, for one environment: JavaScript, or an open handle that took one over. What is
 * JavaScript's is closed with the ledger, for instance when a worker is terminated.
 */
class Ledger {
 public:
  Ledger() = default;
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  ~Ledger() { closeAll(); }

  /** Enters a descriptor that was made just now. */
  void adopt(int fd) { javascript_.insert(fd); }

  /** Enters one that is open already: -EBADF when it is not, -EEXIST when it has an owner here. */
  int own(int fd);

  void disown(int fd) { javascript_.erase(fd); }

  /** Strikes off and closes: -EBADF when it is not JavaScript's, since then somebody else will close it. */
  int close(int fd);

  /** Strikes off and closes those that are JavaScript's. */
  void closeEach(const int* fds, std::size_t count);

  bool heldByHandle(int fd) const { return handles_.has(fd); }

  /** Passes the duty to close from JavaScript to a handle. */
  void handOver(int fd) {
    javascript_.erase(fd);
    handles_.insert(fd);
  }

  /** Closes what {@link handOver} passed on. */
  void closeHandedOver(int fd);

  void closeAll();

 private:
  DescriptorSet javascript_;
  DescriptorSet handles_;
};

}  // namespace ancillary
