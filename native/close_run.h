#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace ancillary {

/** Closes `count` descriptors from `first` up, all of them ours, so that one system call is enough where there is one. */
inline void closeRun(int first, std::size_t count) {
  const int last = first + static_cast<int>(count) - 1;
#ifdef SYS_close_range
  // Linux 5.9. An older kernel and some sandboxes refuse it, with nothing closed.
  if (count > 1 && syscall(SYS_close_range, static_cast<unsigned>(first), static_cast<unsigned>(last), 0U) == 0) return;
#endif
  for (int fd = first; fd <= last; ++fd) ::close(fd);
}

}  // namespace ancillary
