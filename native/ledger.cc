#include "ledger.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace ancillary {
namespace {

/** Closes `count` descriptors from `first` up, all of them ours, so that one system call is enough where there is one. */
void closeRun(int first, std::size_t count) {
  const int last = first + static_cast<int>(count) - 1;
#ifdef SYS_close_range
  // Linux 5.9. An older kernel and some sandboxes refuse it, with nothing closed.
  if (count > 1 && syscall(SYS_close_range, static_cast<unsigned>(first), static_cast<unsigned>(last), 0U) == 0) return;
#endif
  for (int fd = first; fd <= last; ++fd) ::close(fd);
}

}  // namespace

int Ledger::own(int fd) {
  if (fcntl(fd, F_GETFD) < 0) return -errno;
  if (handles_.has(fd) || !javascript_.insert(fd)) return -EEXIST;
  return 0;
}

int Ledger::close(int fd) {
  if (!javascript_.erase(fd)) return -EBADF;
  // EINTR is no failure: Linux has freed the number all the same.
  return ::close(fd) < 0 && errno != EINTR ? -errno : 0;
}

void Ledger::closeEach(const int* fds, std::size_t count) {
  for (std::size_t at = 0; at < count;) {
    // The kernel gives out the lowest free numbers, so what came in one message mostly is a run.
    std::size_t run = 0;
    while (at + run < count && fds[at + run] == fds[at] + static_cast<int>(run) && javascript_.erase(fds[at + run])) ++run;
    if (run > 0) closeRun(fds[at], run);
    at += run > 0 ? run : 1;
  }
}

void Ledger::closeHandedOver(int fd) {
  if (handles_.erase(fd)) ::close(fd);
}

void Ledger::closeAll() {
  javascript_.drain([](int fd) { ::close(fd); });
}

}  // namespace ancillary
