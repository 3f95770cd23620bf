#include <napi.h>

#include <cerrno>

#include "control_message.h"
#include "js_arguments.h"
#include "js_environment.h"
#include "js_functions.h"
#include "message_io.h"
#include "small_array.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;

Napi::Value sendMessageOf(Info info) {
  const Napi::Env env = info.Env();
  int fd;
  Napi::Array list;
  if (!readInt(info, 0, "fd", fd) || !readArray(info, 2, "fds", list)) return env.Undefined();
  SmallArray<int, kMaxFds> fds(list.Length());
  for (std::size_t i = 0; i < fds.size(); ++i) {
    if (!readInt(env, list.Get(static_cast<std::uint32_t>(i)), "a descriptor", fds[i])) return env.Undefined();
  }
  // Read last: the pointer is good only until JavaScript runs, which reading an array may do.
  Bytes bytes;
  if (!readBytes(env, info[1], "bytes", bytes)) return env.Undefined();
  iovec part{bytes.data, bytes.size};
  return answer(info, sendMessage(fd, &part, 1, fds.data(), fds.size()));
}

Napi::Value receiveMessageOf(Info info) {
  int fd;
  Bytes buffer;
  if (!readInt(info, 0, "fd", fd) || !readBytes(info.Env(), info[1], "buffer", buffer)) return info.Env().Undefined();
  // recvmsg would return 0 as at end of file, and may take descriptors all the same.
  if (buffer.size == 0) return answer(info, -EINVAL);
  JsEnvironment& home = JsEnvironment::of(info.Env());
  home.ledger.makeRoom();
  const Received got = receiveMessage(fd, buffer.data, buffer.size, home.ledger, home.batch().fds, kMaxFds);
  home.state()[0] = static_cast<int>(got.fdCount);
  home.state()[1] = got.flags;
  return answer(info, got.size);
}

}  // namespace

void exportMessageOps(Napi::Env env, Napi::Object exports) {
  exports.Set("sendMessage", Napi::Function::New(env, sendMessageOf, "sendMessage"));
  exports.Set("receiveMessage", Napi::Function::New(env, receiveMessageOf, "receiveMessage"));
}

}  // namespace ancillary
