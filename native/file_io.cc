#include <napi.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "js_arguments.h"
#include "js_events.h"
#include "js_functions.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;
enum class Direction { read, write };

/**
 * One read(2) or write(2) on a thread of the runtime's pool, where it may block. It works on memory of its own, since
 * JavaScript may transfer the memory it was given to another thread meanwhile, and the memory is freed there.
 */
template <Direction direction>
class FileIo final : public Napi::AsyncWorker {
 public:
  FileIo(Napi::Function callback, int fd, Napi::Object memory, std::unique_ptr<unsigned char[]> bytes, std::size_t size)
      : AsyncWorker(callback, "ANCILLARYFILEIO"),
        fd_(fd),
        memory_(Napi::Persistent(memory)),
        size_(size),
        bytes_(std::move(bytes)) {}

 private:
  void Execute() override {
    ssize_t result;
    do result = direction == Direction::read ? ::read(fd_, bytes_.get(), size_) : ::write(fd_, bytes_.get(), size_);
    while (result < 0 && errno == EINTR);
    result_ = result < 0 ? -errno : result;
  }

  void OnOK() override {
    const Napi::Env env = Env();
    Bytes into;
    if (direction == Direction::read && result_ > 0 && readBytes(env, memory_.Value(), "memory", into)) {
      // Of length 0 if it was transferred.
      const std::size_t size = std::min(static_cast<std::size_t>(result_), into.size);
      if (size > 0) std::memcpy(into.data, bytes_.get(), size);
    }
    Callback().Call({Napi::Number::New(env, static_cast<double>(result_))});
    // Node would take it to 'uncaughtException' by itself; Deno 2.9 drops it.
    JsEvents::raisePending(env);
  }

  const int fd_;
  const Napi::ObjectReference memory_;
  const std::size_t size_;
  const std::unique_ptr<unsigned char[]> bytes_;
  long result_ = 0;
};

/**
 * close(2) on such a thread. Nobody cancels it when its environment ends, as Node does with fs.close(): that would leave the
 * descriptor open.
 */
class FileClose final : public Napi::AsyncWorker {
 public:
  FileClose(Napi::Function callback, int fd) : AsyncWorker(callback, "ANCILLARYFILECLOSE"), fd_(fd) {}

 private:
  void Execute() override {
    // EINTR is no failure: Linux has freed the number all the same.
    if (::close(fd_) < 0 && errno != EINTR) result_ = -errno;
  }

  void OnOK() override {
    Callback().Call({Napi::Number::New(Env(), static_cast<double>(result_))});
    JsEvents::raisePending(Env());
  }

  const int fd_;
  long result_ = 0;
};

template <Direction direction>
Napi::Value start(Info info) {
  const Napi::Env env = info.Env();
  int fd;
  Bytes bytes;
  if (!readInt(info, 0, "fd", fd) || !readBytes(env, info[1], "memory", bytes)) return env.Undefined();
  if (!info[2].IsFunction()) {
    throwType(env, "callback", "a function");
    return env.Undefined();
  }
  // Copied at once: the pointer is good only until JavaScript runs, and the worker's async hooks do when it is made.
  std::unique_ptr<unsigned char[]> copy(new unsigned char[bytes.size]);
  if (direction == Direction::write && bytes.size > 0) std::memcpy(copy.get(), bytes.data, bytes.size);
  // It deletes itself.
  (new FileIo<direction>(info[2].As<Napi::Function>(), fd, info[1].As<Napi::Object>(), std::move(copy), bytes.size))
      ->Queue();
  return env.Undefined();
}

Napi::Value startClose(Info info) {
  const Napi::Env env = info.Env();
  int fd;
  if (!readInt(info, 0, "fd", fd)) return env.Undefined();
  if (!info[1].IsFunction()) {
    throwType(env, "callback", "a function");
    return env.Undefined();
  }
  (new FileClose(info[1].As<Napi::Function>(), fd))->Queue();
  return env.Undefined();
}

/**
 * One read or write that does not wait, whatever O_NONBLOCK says, which others may change at any moment. -EOPNOTSUPP where
 * the kernel cannot, for such a file or at all (docs/kernel.md 53).
 * @param ours an open file that nobody else has, and that is in non-blocking mode
 */
template <Direction direction>
ssize_t transferNow(int fd, const Bytes& bytes, bool ours) {
  if (ours) {
    ssize_t done;
    do done = direction == Direction::read ? ::read(fd, bytes.data, bytes.size) : ::write(fd, bytes.data, bytes.size);
    while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
  }
#if defined(SYS_preadv2) && defined(SYS_pwritev2)
  constexpr long kNumber = direction == Direction::read ? SYS_preadv2 : SYS_pwritev2;
  constexpr int kNoWait = 0x8;  // RWF_NOWAIT, which older headers lack
  constexpr long kFilePosition = -1;
  iovec vector{bytes.data, bytes.size};
  long result;
  do result = syscall(kNumber, fd, &vector, 1L, kFilePosition, kFilePosition, kNoWait);
  while (result < 0 && errno == EINTR);
  if (result >= 0) return result;
  // Some sandboxes refuse a call that they do not know with EPERM.
  return errno == ENOSYS || errno == EPERM ? -EOPNOTSUPP : -errno;
#else
  static_cast<void>(fd);
  static_cast<void>(bytes);
  return -EOPNOTSUPP;
#endif
}

template <Direction direction>
Napi::Value answerNow(Info info) {
  int fd;
  Bytes bytes;
  bool ours;
  if (!readInt(info, 0, "fd", fd) || !readBytes(info.Env(), info[1], "memory", bytes) ||
      !readBool(info, 2, "ours", ours)) {
    return info.Env().Undefined();
  }
  return answer(info, transferNow<direction>(fd, bytes, ours));
}

}  // namespace

void exportFileIo(Napi::Env env, Napi::Object exports) {
  exports.Set("readFile", Napi::Function::New(env, start<Direction::read>, "readFile"));
  exports.Set("writeFile", Napi::Function::New(env, start<Direction::write>, "writeFile"));
  exports.Set("closeFile", Napi::Function::New(env, startClose, "closeFile"));
  exports.Set("readNow", Napi::Function::New(env, answerNow<Direction::read>, "readNow"));
  exports.Set("writeNow", Napi::Function::New(env, answerNow<Direction::write>, "writeNow"));
}

}  // namespace ancillary
