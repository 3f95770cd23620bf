#include <napi.h>

#include <cerrno>

#include "control_message.h"
#include "js_arguments.h"
#include "js_environment.h"
#include "js_functions.h"
#include "send_batch.h"
#include "small_array.h"
#include "socket_handle.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;

constexpr std::size_t kUsualParts = 64;
/** Instead of a count: the part belongs to the one before. */
constexpr int kGoesOn = -1;

/** The three arrays of send(), checked as a whole before anything is sent. */
class SendArguments {
 public:
  SendArguments(std::size_t partCount, std::size_t fdCount) : values_(partCount), parts_(partCount), fds_(fdCount) {}

  bool read(Napi::Env env, Napi::Array bytes, Napi::Array fdCounts, Napi::Array fds) {
    for (std::size_t i = 0; i < fds_.size(); ++i) {
      if (!readInt(env, fds.Get(static_cast<std::uint32_t>(i)), "a descriptor", fds_[i])) return false;
    }
    std::size_t used = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const auto index = static_cast<std::uint32_t>(i);
      int count = 0;
      values_[i] = bytes.Get(index);
      if (!readInt(env, fdCounts.Get(index), "a descriptor count", count)) return false;
      const bool goesOn = count == kGoesOn && i > 0;
      if (goesOn) count = 0;
      if (count < 0 || static_cast<std::size_t>(count) > fds_.size() - used) {
        throwType(env, "fdCounts", "counts of the descriptors given");
        return false;
      }
      parts_[i] = {nullptr, 0, fds_.data() + used, static_cast<std::size_t>(count), goesOn};
      used += static_cast<std::size_t>(count);
    }
    return readParts(env);
  }

  const SendPart* parts() { return parts_.data(); }

 private:
  /** Last: pointers are good only until JavaScript runs, which reading an array may do. */
  bool readParts(Napi::Env env) {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      Bytes part;
      if (!readBytes(env, Napi::Value(env, values_[i]), "a part", part)) return false;
      parts_[i].bytes = part.data;
      parts_[i].size = part.size;
    }
    return true;
  }

  SmallArray<napi_value, kUsualParts> values_;
  SmallArray<SendPart, kUsualParts> parts_;
  SmallArray<int, kMaxFds> fds_;
};

/** Sends on an open socket; what ended it goes to sendState. */
Napi::Value sendParts(Info info, int fd, const SendPart* parts, std::size_t count) {
  JsEnvironment& home = JsEnvironment::of(info.Env());
  // It may be one that the program opened without us.
  for (std::size_t i = 0; i < count; ++i) {
    if (parts[i].fdCount > 0) home.ledger.saw(parts[i].fds[0]);
  }
  const Sent sent = home.handles.find<SocketHandle>(fd) != nullptr ? sendBatch(fd, parts, count) : Sent{0, -EBADF};
  home.sendState()[0] = sent.error;
  return Napi::Number::New(info.Env(), static_cast<double>(sent.accepted));
}

Napi::Value sendOne(Info info) {
  const Napi::Env env = info.Env();
  int fd;
  Bytes part;
  std::uint32_t fdCount = 0;
  if (!readInt(info, 0, "fd", fd) || !readBytes(env, info[1], "a part", part)) return env.Undefined();
  if (napi_get_value_uint32(env, info[2], &fdCount) != napi_ok || fdCount > kMaxFds) {
    throwType(env, "fdCount", "a number of descriptors in sendFds");
    return env.Undefined();
  }
  const SendPart whole{part.data, part.size, JsEnvironment::of(env).sendFds(), fdCount, false};
  return sendParts(info, fd, &whole, 1);
}

Napi::Value sendMany(Info info) {
  const Napi::Env env = info.Env();
  int fd;
  Napi::Array bytes;
  Napi::Array fdCounts;
  Napi::Array fds;
  if (!readInt(info, 0, "fd", fd) || !readArray(info, 1, "bytes", bytes) ||
      !readArray(info, 2, "fdCounts", fdCounts) || !readArray(info, 3, "fds", fds)) {
    return env.Undefined();
  }
  const std::size_t partCount = bytes.Length();
  SendArguments arguments(partCount, fds.Length());
  if (!arguments.read(env, bytes, fdCounts, fds)) return env.Undefined();
  // The socket is looked up last: reading arrays that are no plain ones may have run JavaScript that closed it.
  return sendParts(info, fd, arguments.parts(), partCount);
}

}  // namespace

void exportSendOps(Napi::Env env, Napi::Object exports) {
  exports.Set("sendOne", Napi::Function::New(env, sendOne, "sendOne"));
  exports.Set("sendMany", Napi::Function::New(env, sendMany, "sendMany"));
}

}  // namespace ancillary
