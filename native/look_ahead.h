#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace ancillary {

/**
 * What the kernel shows of its queue before it is read (docs/kernel.md 54): how far plain bytes reach, and where the message
 * ends that the next descriptors came with. Once read, that could not be told any more.
 */
class LookAhead {
 public:
  enum class Extent : std::uint8_t {
    nothing,
    /** Where messages with descriptors end. */
    ends,
    /** That, and what stands in front of their ends, before it is read. */
    contents,
  };

  void look(Extent extent);

  /**
   * How many bytes the next recvmsg may take, at most `size`, or the negative errno that it would fail with. Looks into
   * `memory`, which has room for `room` bytes, if need be. `shown` becomes how many bytes were placed there that are to be
   * told before they are read.
   */
  ssize_t most(int socket, unsigned char* memory, std::size_t room, std::size_t size, std::size_t& shown);

  /** A recvmsg took so many bytes of `size`. Returns how many more of the same message follow, or may. */
  std::size_t took(std::size_t length, std::size_t size, bool descriptors);

 private:
  Extent extent_ = Extent::nothing;
  /** Whether it was made sure that peeks begin at the front. */
  bool begun_ = false;
  /** So many bytes at the front are plain. */
  std::size_t plain_ = 0;
  /** Where the message with descriptors that comes next ends; 0 while that is not known. */
  std::size_t end_ = 0;
  /** So many bytes at the front were told. */
  std::size_t told_ = 0;
};

}  // namespace ancillary
