#include <fcntl.h>
#include <napi.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/memfd.h>
#include <sys/mman.h>
#endif

#include <cerrno>
#include <climits>
#include <cstdint>
#include <string>

#include "file_status.h"
#include "js_arguments.h"
#include "js_functions.h"
#include "number_owners.h"
#include "unique_fd.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;

template <int Command>
Napi::Value getByFcntl(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  // To whoever closed it, it is closed.
  if (owners::waits(fd)) return answer(info, -EBADF);
  return answerCall(info, fcntl(fd, Command));
}

Napi::Value statOf(Info info) {
  int fd;
  std::uint64_t* numbers;
  if (!readInt(info, 0, "fd", fd) || !readBigInts(info, 1, "into", 4, numbers)) return info.Env().Undefined();
  FileStatus found;
  const int error = readStatus(fd, found);
  if (error != 0) return answer(info, error);
  numbers[0] = found.device;
  numbers[1] = found.inode;
  numbers[2] = found.mode;
  numbers[3] = found.size;
  return answer(info, 0);
}

Napi::Value position(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  return answer(info, readPosition(fd));
}

Napi::Value procLink(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  char target[PATH_MAX];
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
  if (length < 0) return answerCall(info, -1);
  return Napi::String::New(info.Env(), target, static_cast<std::size_t>(length));
}

Napi::Value addSeals(Info info) {
  int fd;
  int seals;
  if (!readInt(info, 0, "fd", fd) || !readInt(info, 1, "seals", seals)) return info.Env().Undefined();
#ifdef __linux__
  return answerCall(info, fcntl(fd, F_ADD_SEALS, seals));
#else
  return answer(info, -ENOSYS);
#endif
}

Napi::Value setBlocking(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  const int flags = fcntl(fd, F_GETFL);
  return answerCall(info, flags < 0 ? -1 : fcntl(fd, F_SETFL, flags & ~O_NONBLOCK));
}

#ifdef __linux__
constexpr auto getSeals = getByFcntl<F_GET_SEALS>;

/** Page sizes as memfd_create(2) takes them, by their binary logarithm: all that some processor has as huge ones. */
constexpr unsigned kSmallestHugePage = 14;
constexpr unsigned kLargestHugePage = 36;

Napi::Value memfdDevices(Info info) {
  const Napi::Array devices = Napi::Array::New(info.Env());
  for (unsigned shift = kSmallestHugePage - 1; shift <= kLargestHugePage; ++shift) {
    const bool huge = shift >= kSmallestHugePage;
    const UniqueFd made(memfd_create("", MFD_CLOEXEC | (huge ? MFD_HUGETLB | (shift << MFD_HUGE_SHIFT) : 0U)));
    struct stat found;
    if (made && fstat(made.get(), &found) == 0) {
      devices.Set(devices.Length(), Napi::BigInt::New(info.Env(), static_cast<std::uint64_t>(found.st_dev)));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
      return answerCall(info, -1);
    }
  }
  return devices;
}
#else
Napi::Value getSeals(Info info) { return answer(info, -ENOSYS); }
Napi::Value memfdDevices(Info info) { return Napi::Array::New(info.Env()); }
#endif

}  // namespace

void exportFdFacts(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, Napi::Value (*function)(Info)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("statusFlags", getByFcntl<F_GETFL>);
  add("descriptorFlags", getByFcntl<F_GETFD>);
  add("stat", statOf);
  add("position", position);
  add("procLink", procLink);
  add("addSeals", addSeals);
  add("getSeals", getSeals);
  add("memfdDevices", memfdDevices);
  add("setBlocking", setBlocking);
}

}  // namespace ancillary
