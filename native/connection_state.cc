#include <napi.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "poll_once.h"
#include "js_arguments.h"
#include "js_functions.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;

Napi::Value shutdownSending(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  return answerCall(info, shutdown(fd, SHUT_WR));
}

Napi::Value isHungUp(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), hungUp(fd));
}

Napi::Value unread(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  int bytes = 0;
  return answer(info, ioctl(fd, FIONREAD, &bytes) < 0 ? 0 : bytes);
}

Napi::Value unsent(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  int bytes = 0;
  return answer(info, ioctl(fd, TIOCOUTQ, &bytes) < 0 ? 0 : bytes);
}

}  // namespace

void exportConnectionState(Napi::Env env, Napi::Object exports) {
  exports.Set("shutdown", Napi::Function::New(env, shutdownSending, "shutdown"));
  exports.Set("hungUp", Napi::Function::New(env, isHungUp, "hungUp"));
  exports.Set("unread", Napi::Function::New(env, unread, "unread"));
  exports.Set("unsent", Napi::Function::New(env, unsent, "unsent"));
}

}  // namespace ancillary
