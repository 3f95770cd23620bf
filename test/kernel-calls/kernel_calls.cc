// System calls on plain numbers, for tests. Each function is described, with its signature, in kernel-calls.ts; each
// returns what the call returned, or the negative errno. Arguments are not checked: only our own tests call this.
#include <napi.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using Info = const Napi::CallbackInfo&;

// No call may block or kill the process that tests.
constexpr int kAlways = MSG_DONTWAIT | MSG_NOSIGNAL;

struct Memory {
  void* data = nullptr;
  std::size_t size = 0;
};

int integer(Info info, std::size_t index) { return info[index].As<Napi::Number>().Int32Value(); }

/** The memory of a Uint8Array; nothing for null. */
Memory memory(Info info, std::size_t index) {
  Memory found;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(info.Env(), info[index], &type, &found.size, &found.data, nullptr, nullptr) != napi_ok) {
    return {};
  }
  // An empty array's pointer may be null, which a system call would take for an absent buffer or for EFAULT.
  static unsigned char nowhere;
  if (found.data == nullptr) found.data = &nowhere;
  return found;
}

std::int32_t* integers(Info info, std::size_t index) { return info[index].As<Napi::Int32Array>().Data(); }

Napi::Value answer(Info info, ssize_t result) {
  return Napi::Number::New(info.Env(), static_cast<double>(result < 0 ? -errno : result));
}

Napi::Value socketPair(Info info) {
  return answer(info, socketpair(AF_UNIX, integer(info, 0), 0, integers(info, 1)));
}

Napi::Value sendMessage(Info info) {
  const Memory bytes = memory(info, 1);
  const Memory control = memory(info, 2);
  iovec part{bytes.data, bytes.size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data;
  message.msg_controllen = control.size;
  return answer(info, sendmsg(integer(info, 0), &message, integer(info, 3) | kAlways));
}

Napi::Value receiveMessage(Info info) {
  const Memory bytes = memory(info, 1);
  const Memory control = memory(info, 2);
  std::int32_t* const told = integers(info, 4);
  iovec part{bytes.data, bytes.size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data;
  message.msg_controllen = control.size;
  const ssize_t received = recvmsg(integer(info, 0), &message, integer(info, 3) | kAlways);
  told[0] = static_cast<std::int32_t>(message.msg_controllen);
  told[1] = message.msg_flags;
  return answer(info, received);
}

Napi::Value setOption(Info info) {
  const int value = integer(info, 3);
  return answer(info, setsockopt(integer(info, 0), integer(info, 1), integer(info, 2), &value, sizeof value));
}

Napi::Value getOption(Info info) {
  int value = 0;
  socklen_t length = sizeof value;
  const int result = getsockopt(integer(info, 0), integer(info, 1), integer(info, 2), &value, &length);
  return answer(info, result < 0 ? result : value);
}

Napi::Value shutDown(Info info) { return answer(info, shutdown(integer(info, 0), integer(info, 1))); }

Napi::Value closeFd(Info info) { return answer(info, close(integer(info, 0))); }

Napi::Value duplicate(Info info) { return answer(info, dup(integer(info, 0))); }

Napi::Value pollNow(Info info) {
  pollfd one{integer(info, 0), static_cast<short>(integer(info, 1)), 0};
  const int result = poll(&one, 1, 0);
  return answer(info, result < 0 ? result : one.revents);
}

Napi::Value inputOutputControl(Info info) {
  int value = 0;
  const int result = ioctl(integer(info, 0), static_cast<unsigned long>(integer(info, 1)), &value);
  return answer(info, result < 0 ? result : value);
}

Napi::Value limitDescriptors(Info info) {
  rlimit limit;
  int result = getrlimit(RLIMIT_NOFILE, &limit);
  if (result == 0) {
    limit.rlim_cur = static_cast<rlim_t>(integer(info, 0));
    result = setrlimit(RLIMIT_NOFILE, &limit);
  }
  return answer(info, result);
}

Napi::Value descriptorLimit(Info info) {
  rlimit limit;
  const int result = getrlimit(RLIMIT_NOFILE, &limit);
  return answer(info, result < 0 ? result : static_cast<ssize_t>(limit.rlim_cur));
}

Napi::Value status(Info info) {
  struct stat found;
  const int result = fstat(integer(info, 0), &found);
  if (result == 0) {
    double* const told = info[1].As<Napi::Float64Array>().Data();
    told[0] = static_cast<double>(found.st_dev);
    told[1] = static_cast<double>(found.st_ino);
  }
  return answer(info, result);
}

Napi::Value memoryFile(Info info) {
  return answer(info, memfd_create(info[0].As<Napi::String>().Utf8Value().c_str(), 0));
}

Napi::Value processFile(Info info) {
  // glibc has a function for it only since 2.36.
  return answer(info, syscall(SYS_pidfd_open, integer(info, 0), 0));
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  const auto define = [&](const char* name, Napi::Value (*function)(Info)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  define("socketpair", socketPair);
  define("sendmsg", sendMessage);
  define("recvmsg", receiveMessage);
  define("setsockopt", setOption);
  define("getsockopt", getOption);
  define("shutdown", shutDown);
  define("close", closeFd);
  define("dup", duplicate);
  define("poll", pollNow);
  define("ioctl", inputOutputControl);
  define("setrlimit", limitDescriptors);
  define("getrlimit", descriptorLimit);
  define("fstat", status);
  define("memfd_create", memoryFile);
  define("pidfd_open", processFile);
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, initialize)
