#include <napi.h>

#include "js_environment.h"
#include "js_functions.h"

namespace ancillary {
namespace {

#ifndef ANCILLARY_BUILT_FROM
#define ANCILLARY_BUILT_FROM "ancillary built here"
#endif

// The exports are described, with their signatures, in packages/binding-native/addon.ts.
Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  JsEnvironment* const environment = JsEnvironment::install(env);
  if (environment == nullptr) return exports;
  // Either fails when a worker is terminated while it loads the addon; without the functions nothing uses it.
  if (!environment->exportArrays(exports) || !environment->events.make(env)) return exports;
  // A prebuilt binary names the sources it was built from (scripts/prebuild/).
  exports.Set("builtFrom", ANCILLARY_BUILT_FROM);
  exports.Set("poller", environment->poller->isLibuv() ? "libuv" : "thread");
  exportHandleOps(env, exports);
  exportSendOps(env, exports);
  exportFdFacts(env, exports);
  exportFdOps(env, exports);
  exportFileIo(env, exports);
  exportOwnFile(env, exports);
  exportAddressOps(env, exports);
  exportConnectionState(env, exports);
  exportMessageOps(env, exports);
  exportPeerFacts(env, exports);
  exportSocketFile(env, exports);
  exportSocketOptions(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, initialize)

}  // namespace ancillary
