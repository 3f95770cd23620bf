#include <napi.h>
#include <unistd.h>

#include <cerrno>

#include "js_arguments.h"
#include "js_functions.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;
using Call = ssize_t (*)(int fd, unsigned char* bytes, std::size_t size);

ssize_t callRead(int fd, unsigned char* bytes, std::size_t size) { return ::read(fd, bytes, size); }
ssize_t callWrite(int fd, unsigned char* bytes, std::size_t size) { return ::write(fd, bytes, size); }

/** One read(2) or write(2) on a thread of the runtime's pool, where it may block. */
class FileIo final : public Napi::AsyncWorker {
 public:
  FileIo(Napi::Function callback, Call call, int fd, Napi::Object memory, Bytes bytes)
      : AsyncWorker(callback, "ANCILLARYFILEIO"),
        call_(call),
        fd_(fd),
        memory_(Napi::Persistent(memory)),
        bytes_(bytes) {}

 private:
  void Execute() override {
    ssize_t result;
    do result = call_(fd_, bytes_.data, bytes_.size);
    while (result < 0 && errno == EINTR);
    result_ = result < 0 ? -errno : result;
  }

  void OnOK() override { Callback().Call({Napi::Number::New(Env(), static_cast<double>(result_))}); }

  const Call call_;
  const int fd_;
  /** Keeps {@link bytes_} where they are. */
  const Napi::ObjectReference memory_;
  const Bytes bytes_;
  long result_ = 0;
};

template <Call call>
Napi::Value start(Info info) {
  const Napi::Env env = info.Env();
  int fd;
  Bytes bytes;
  if (!readInt(info, 0, "fd", fd) || !readBytes(env, info[1], "memory", bytes)) return env.Undefined();
  if (!info[2].IsFunction()) {
    throwType(env, "callback", "a function");
    return env.Undefined();
  }
  // It deletes itself.
  (new FileIo(info[2].As<Napi::Function>(), call, fd, info[1].As<Napi::Object>(), bytes))->Queue();
  return env.Undefined();
}

}  // namespace

void exportFileIo(Napi::Env env, Napi::Object exports) {
  exports.Set("readFile", Napi::Function::New(env, start<callRead>, "readFile"));
  exports.Set("writeFile", Napi::Function::New(env, start<callWrite>, "writeFile"));
}

}  // namespace ancillary
