#include "file_status.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#endif

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "unique_fd.h"

namespace ancillary {
namespace {

#ifdef SYS_statx

/** The kernel's struct statx, which not every C library has, as far as it is read. */
struct KernelStatx {
  std::uint32_t mask;
  std::uint32_t ignored[6];
  std::uint16_t mode;
  std::uint16_t padding;
  std::uint64_t inode;
  std::uint64_t size;
  std::uint64_t blocks[2];
  std::uint64_t times[8];
  std::uint32_t ofDevice[2];
  std::uint32_t device[2];
  std::uint64_t rest[14];
};
static_assert(sizeof(KernelStatx) == 256 && offsetof(KernelStatx, device) == 0x88, "as in linux/stat.h");

constexpr int kEmptyPath = 0x1000;
constexpr int kDontSync = 0x4000;
constexpr unsigned kTypeModeInodeSize = 0x1 | 0x2 | 0x100 | 0x200;

bool readCached(int fd, FileStatus& into, int& error) {
  KernelStatx found;
  if (syscall(SYS_statx, fd, "", kEmptyPath | kDontSync, kTypeModeInodeSize, &found) < 0) {
    error = -errno;
    // A kernel before 4.11, or a sandbox.
    return errno != ENOSYS && errno != EPERM;
  }
  into = {makedev(found.device[0], found.device[1]), found.inode, found.mode, found.size};
  error = 0;
  return true;
}

#else

bool readCached(int, FileStatus&, int&) { return false; }

#endif

}  // namespace

int readStatus(int fd, FileStatus& into) {
  // With an empty path AT_FDCWD would be the working directory.
  if (fd < 0) return -EBADF;
  int error = 0;
  if (readCached(fd, into, error)) return error;
  struct stat found;
  if (fstat(fd, &found) < 0) return -errno;
  into = {static_cast<std::uint64_t>(found.st_dev), static_cast<std::uint64_t>(found.st_ino),
          static_cast<std::uint64_t>(found.st_mode), static_cast<std::uint64_t>(found.st_size)};
  return 0;
}

long long readPosition(int fd) {
#ifdef __linux__
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return -errno;
  if ((flags & O_PATH) != 0) return -EBADF;
  char path[48];
  std::snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  const UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  char text[64] = {};
  long long position = 0;
  if (file && read(file.get(), text, sizeof text - 1) > 0 && std::sscanf(text, "pos: %lld", &position) == 1) {
    return position;
  }
#endif
  const off_t found = lseek(fd, 0, SEEK_CUR);
  return found < 0 ? -errno : static_cast<long long>(found);
}

}  // namespace ancillary
