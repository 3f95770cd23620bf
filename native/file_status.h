#pragma once

#include <cstdint>

namespace ancillary {

/** What stat(2) tells, as far as it is of use here. */
struct FileStatus {
  std::uint64_t device;
  std::uint64_t inode;
  std::uint64_t mode;
  std::uint64_t size;
};

/**
 * 0, or a negative errno. Of a file that a server keeps, such as one of FUSE, it is what the kernel knows: the server may be
 * whoever sent the descriptor, and answer when it likes (docs/kernel.md 44).
 */
int readStatus(int fd, FileStatus& into);

/** Where reading goes on, or a negative errno; unlike lseek(2) it does not wait for whoever reads the same open file. */
long long readPosition(int fd);

}  // namespace ancillary
