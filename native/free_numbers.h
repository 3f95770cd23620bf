#pragma once

#include <sys/resource.h>

namespace ancillary {

/**
 * Whether there are numbers for the descriptors that a message may bring. The kernel drops those that it finds none for
 * (docs/kernel.md 8), whoever used up the numbers.
 *
 * It gives out the lowest that is free, so those that it gives out say about how many are in use. Only where they come near
 * the limit are they counted.
 */
class FreeNumbers {
 public:
  enum class Room {
    /** For all that a batch may bring. */
    plenty,
    /** For one message at a time. */
    oneMessage,
    /** The numbers that are left are held back: a message with descriptors has to wait. */
    none,
  };

  /** The kernel gave this one out, or somebody who opened it lends it. */
  void saw(int fd) {
    if (fd > highest_) highest_ = fd;
  }

  /** @param limit how many numbers the process may have */
  Room room(rlim_t limit);

 private:
  /** Since they were counted; then, as many as there were. */
  int highest_ = 0;
};

}  // namespace ancillary
