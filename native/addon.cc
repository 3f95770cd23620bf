#include <napi.h>

#include "js_environment.h"
#include "js_functions.h"
#include "listener_handle.h"
#include "socket_handle.h"

namespace ancillary {
namespace {

// The exports are described, with their signatures, in packages/binding-native/addon.ts.
Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  JsEnvironment* const environment = JsEnvironment::install(env);
  if (environment == nullptr) return exports;
  const Napi::Function socketClass = SocketHandle::define(env);
  const Napi::Function listenerClass = ListenerHandle::define(env);
  // Any of this fails when a worker is terminated while it loads the addon; without the functions nothing uses it.
  if (socketClass.IsEmpty() || listenerClass.IsEmpty() || !environment->exportArrays(exports) ||
      !environment->dispatch.make(env)) {
    return exports;
  }
  environment->socketClass = Napi::Persistent(socketClass);
  environment->listenerClass = Napi::Persistent(listenerClass);
  exports.Set("openSocket", Napi::Function::New(env, SocketHandle::openSocket, "openSocket"));
  exports.Set("openListener", Napi::Function::New(env, ListenerHandle::openListener, "openListener"));
  exportFdOps(env, exports);
  exportAddressOps(env, exports);
  exportMessageOps(env, exports);
  exportSocketOptions(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, initialize)

}  // namespace ancillary
