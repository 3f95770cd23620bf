#include <napi.h>

#include <memory>

#include "js_arguments.h"
#include "js_environment.h"
#include "js_functions.h"
#include "listener_handle.h"
#include "readiness_handle.h"
#include "socket_handle.h"

namespace ancillary {
namespace {

using Info = const Napi::CallbackInfo&;

template <typename Handle>
Napi::Value openHandle(Info info) {
  const Napi::Env env = info.Env();
  int fd;
  if (!readInt(info, 0, "fd", fd)) return env.Undefined();
  if (!info[1].IsObject()) {
    throwType(env, "callbacks", "an object");
    return env.Undefined();
  }
  const int error =
      PolledHandle::open(std::make_unique<Handle>(JsEnvironment::of(env)), fd, info[1].As<Napi::Object>());
  if (error == 0 && Handle::kKind == PolledHandle::Kind::listener) JsEnvironment::of(env).ledger.setListening(fd);
  return error > 0 ? env.Undefined() : answer(info, error);
}

Napi::Value openReadiness(Info info) {
  const Napi::Env env = info.Env();
  int fd;
  bool writable = false;
  if (!readInt(info, 0, "fd", fd) || !readBool(info, 1, "writable", writable)) return env.Undefined();
  if (!info[2].IsObject()) {
    throwType(env, "callbacks", "an object");
    return env.Undefined();
  }
  int number = -1;
  const int error =
      ReadinessHandle::openFor(JsEnvironment::of(env), fd, writable, info[2].As<Napi::Object>(), number);
  return error > 0 ? env.Undefined() : answer(info, error < 0 ? error : number);
}

/** The handle that the first argument names, if it is open and of that kind. */
template <typename Handle>
Handle* handleOf(Info info) {
  int fd;
  return readInt(info, 0, "fd", fd) ? JsEnvironment::of(info.Env()).handles.find<Handle>(fd) : nullptr;
}

PolledHandle* anyHandleOf(Info info) {
  int fd;
  return readInt(info, 0, "fd", fd) ? JsEnvironment::of(info.Env()).handles.any(fd) : nullptr;
}

Napi::Value allowReading(Info info) {
  std::uint64_t bytes = 0;
  std::uint64_t fds = 0;
  std::uint64_t extent = 0;
  if (!readCount(info, 1, "bytes", bytes) || !readCount(info, 2, "fds", fds)) return info.Env().Undefined();
  if (info.Length() > 3 && !readCount(info, 3, "lookAhead", extent)) return info.Env().Undefined();
  SocketHandle* const socket = handleOf<SocketHandle>(info);
  if (socket == nullptr) return info.Env().Undefined();
  constexpr LookAhead::Extent kExtents[] = {LookAhead::Extent::nothing, LookAhead::Extent::ends,
                                            LookAhead::Extent::contents};
  return answer(info, socket->allowReading(bytes, fds, kExtents[extent < 3 ? extent : 0]));
}

void readInto(Info info) {
  Bytes memory;
  if (!readBytes(info.Env(), info[1], "memory", memory)) return;
  if (SocketHandle* const socket = handleOf<SocketHandle>(info)) socket->readInto(info[1].As<Napi::Uint8Array>());
}

void fill(Info info) {
  Bytes memory;
  if (!readBytes(info.Env(), info[1], "memory", memory)) return;
  if (SocketHandle* const socket = handleOf<SocketHandle>(info)) socket->fill(info[1].As<Napi::Uint8Array>());
}

Napi::Value resumeReading(Info info) {
  SocketHandle* const socket = handleOf<SocketHandle>(info);
  return answer(info, socket == nullptr ? 0 : socket->resumeReading());
}

Napi::Value watchWritable(Info info) {
  SocketHandle* const socket = handleOf<SocketHandle>(info);
  return answer(info, socket == nullptr ? 0 : socket->watchWritable());
}

Napi::Value watchHangup(Info info) {
  bool holds = false;
  if (!readBool(info, 1, "holds", holds)) return info.Env().Undefined();
  SocketHandle* const socket = handleOf<SocketHandle>(info);
  return answer(info, socket == nullptr ? 0 : socket->watchHangup(holds));
}

Napi::Value setAccepting(Info info) {
  bool on = false;
  if (!readBool(info, 1, "on", on)) return info.Env().Undefined();
  ListenerHandle* const listener = handleOf<ListenerHandle>(info);
  return answer(info, listener == nullptr ? 0 : listener->setAccepting(on));
}

Napi::Value awaitReady(Info info) {
  ReadinessHandle* const readiness = handleOf<ReadinessHandle>(info);
  return answer(info, readiness == nullptr ? 0 : readiness->await());
}

void setRef(Info info) {
  bool on = false;
  if (!readBool(info, 1, "on", on)) return;
  if (PolledHandle* const handle = anyHandleOf(info)) handle->setRef(on);
}

Napi::Value isConnected(Info info) {
  int fd;
  if (!readInt(info, 0, "fd", fd)) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), JsEnvironment::of(info.Env()).ledger.isConnected(fd));
}

void lend(Info info) {
  int fd;
  if (readInt(info, 0, "fd", fd)) JsEnvironment::of(info.Env()).ledger.lend(fd);
}

void closeHandle(Info info) {
  if (PolledHandle* const handle = anyHandleOf(info)) handle->close();
}

}  // namespace

void exportHandleOps(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto function) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  exports.Set("openSocket", Napi::Function::New(env, openHandle<SocketHandle>, "openSocket"));
  exports.Set("openListener", Napi::Function::New(env, openHandle<ListenerHandle>, "openListener"));
  exports.Set("openReadiness", Napi::Function::New(env, openReadiness, "openReadiness"));
  add("allowReading", allowReading);
  add("readInto", readInto);
  add("fill", fill);
  add("resumeReading", resumeReading);
  add("watchWritable", watchWritable);
  add("watchHangup", watchHangup);
  add("setAccepting", setAccepting);
  add("awaitReady", awaitReady);
  add("setRef", setRef);
  add("isConnected", isConnected);
  add("lend", lend);
  add("closeHandle", closeHandle);
}

}  // namespace ancillary
