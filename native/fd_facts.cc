#include <fcntl.h>
#include <napi.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdint>
#include <string>

#include "js_arguments.h"
#include "js_functions.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;

template <int Command>
Napi::Value getByFcntl(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  return answerCall(info, fcntl(fd, Command));
}

Napi::Value statOf(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  napi_typedarray_type type;
  void* into = nullptr;
  std::size_t length = 0;
  if (napi_get_typedarray_info(info.Env(), info[1], &type, &length, &into, nullptr, nullptr) != napi_ok ||
      type != napi_biguint64_array || length < 4) {
    throwType(info.Env(), "into", "a BigUint64Array of four");
    return info.Env().Undefined();
  }
  struct stat found;
  if (fstat(fd, &found) < 0) return answerCall(info, -1);
  auto* const numbers = static_cast<std::uint64_t*>(into);
  numbers[0] = static_cast<std::uint64_t>(found.st_dev);
  numbers[1] = static_cast<std::uint64_t>(found.st_ino);
  numbers[2] = static_cast<std::uint64_t>(found.st_mode);
  numbers[3] = static_cast<std::uint64_t>(found.st_size);
  return answer(info, 0);
}

Napi::Value position(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  return answerCall(info, lseek(fd, 0, SEEK_CUR));
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

#ifdef __linux__
constexpr auto getSeals = getByFcntl<F_GET_SEALS>;
#else
Napi::Value getSeals(Info info) { return answer(info, -ENOSYS); }
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
}

}  // namespace ancillary
