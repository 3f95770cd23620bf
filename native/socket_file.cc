#include <fcntl.h>
#include <napi.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "js_arguments.h"
#include "js_environment.h"
#include "js_functions.h"
#include "unique_fd.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;

#ifdef __linux__

// Headers of all C libraries lack the one, and old ones the other. Both are the same on all architectures.
constexpr int kSiocUnixFile = 0x89e0;
constexpr long kFchmodat2 = 452;

int openFile(int socket, const char* path) {
  // Exactly the file of this socket, wherever it is by now; needs CAP_NET_ADMIN (docs/kernel.md 42).
  const int fd = ioctl(socket, kSiocUnixFile, 0);
  return fd >= 0 ? fd : open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

int setMode(int file, mode_t mode) {
  if (syscall(kFchmodat2, file, "", mode, AT_EMPTY_PATH) == 0) return 0;
  // An older kernel, or a sandbox that does not know the call. This link leads to the open file and nowhere else.
  char link[32];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  return chmod(link, mode);
}

#endif

Napi::Value openSocketFile(Info info) {
  int socket;
  Bytes path;
  if (!readInt(info, 0, "socket", socket) || !readBytes(info.Env(), info[1], "path", path)) {
    return info.Env().Undefined();
  }
  std::uint64_t* numbers;
  if (!readBigInts(info, 2, "into", 4, numbers)) return info.Env().Undefined();
#ifdef __linux__
  const std::string terminated(reinterpret_cast<const char*>(path.data), path.size);
  // The kernel would open what the part before a zero names.
  if (terminated.find('\0') != std::string::npos) return answer(info, -EINVAL);
  UniqueFd file(openFile(socket, terminated.c_str()));
  struct stat found;
  if (!file || fstat(file.get(), &found) < 0) return answerCall(info, -1);
  numbers[0] = static_cast<std::uint64_t>(found.st_dev);
  numbers[1] = static_cast<std::uint64_t>(found.st_ino);
  numbers[2] = static_cast<std::uint64_t>(found.st_mode);
  numbers[3] = static_cast<std::uint64_t>(found.st_nlink);
  JsEnvironment::of(info.Env()).ledger.adopt(file.get(), Origin::made);
  return answer(info, file.release());
#else
  return answer(info, -ENOSYS);
#endif
}

Napi::Value setFileMode(Info info) {
  int file;
  int mode;
  if (!readInt(info, 0, "file", file) || !readInt(info, 1, "mode", mode)) return info.Env().Undefined();
#ifdef __linux__
  return answerCall(info, setMode(file, static_cast<mode_t>(mode)));
#else
  return answer(info, -ENOSYS);
#endif
}

}  // namespace

void exportSocketFile(Napi::Env env, Napi::Object exports) {
  exports.Set("openSocketFile", Napi::Function::New(env, openSocketFile, "openSocketFile"));
  exports.Set("setFileMode", Napi::Function::New(env, setFileMode, "setFileMode"));
}

}  // namespace ancillary
