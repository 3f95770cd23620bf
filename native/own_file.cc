#include <fcntl.h>
#include <napi.h>
#include <sys/stat.h>

#ifdef __linux__
#include <sys/sysmacros.h>
#endif

#include <cerrno>
#include <cstdio>

#include "js_arguments.h"
#include "js_environment.h"
#include "js_functions.h"
#include "unique_fd.h"

namespace ancillary {
namespace {

#ifdef __linux__

/** Major numbers of the terminals whose other end is /dev/ptmx (Documentation/admin-guide/devices.txt). */
constexpr unsigned kFirstPts = 136;
constexpr unsigned kLastPts = 143;

/** Named pipes and terminals of a pty; opening other devices may do something, and /dev/ptmx makes another pty (docs/kernel.md 59). */
bool opensAsItIs(const struct stat& file) {
  if (S_ISFIFO(file.st_mode)) return true;
  return S_ISCHR(file.st_mode) && major(file.st_rdev) >= kFirstPts && major(file.st_rdev) <= kLastPts;
}

/** Another open file of what a descriptor is of, in non-blocking mode. -1 with errno where there can be none. */
int openAgain(int fd, bool writing) {
  struct stat file;
  if (fstat(fd, &file) < 0) return -1;
  if (!opensAsItIs(file)) {
    errno = EOPNOTSUPP;
    return -1;
  }
  char link[32];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  return open(link, (writing ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

#endif

Napi::Value openOwnFile(const Napi::CallbackInfo& info) {
  int fd;
  bool writing;
  if (!readInt(info, 0, "fd", fd) || !readBool(info, 1, "writing", writing)) return info.Env().Undefined();
#ifdef __linux__
  UniqueFd file(openAgain(fd, writing));
  if (!file) return answerCall(info, -1);
  JsEnvironment::of(info.Env()).ledger.adopt(file.get(), Origin::received);
  return answer(info, file.release());
#else
  return answer(info, -EOPNOTSUPP);
#endif
}

}  // namespace

void exportOwnFile(Napi::Env env, Napi::Object exports) {
  exports.Set("openOwnFile", Napi::Function::New(env, openOwnFile, "openOwnFile"));
}

}  // namespace ancillary
