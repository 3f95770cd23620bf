#include "ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace ancillary {

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

void Ledger::closeHandedOver(int fd) {
  if (handles_.erase(fd)) ::close(fd);
}

void Ledger::closeAll() {
  javascript_.drain([](int fd) { ::close(fd); });
}

}  // namespace ancillary
