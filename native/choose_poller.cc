#include "choose_poller.h"

#include <cstdlib>
#include <cstring>

#include "thread_poller.h"
#include "uv_poller.h"

namespace ancillary {
namespace {

/** Bun exports every function of libuv, as one that ends the process; so it is the one runtime known by its name. */
bool isBun(Napi::Env env) {
  const Napi::Value process = env.Global().Get("process");
  if (!process.IsObject()) return false;
  const Napi::Value versions = process.As<Napi::Object>().Get("versions");
  return versions.IsObject() && versions.As<Napi::Object>().Has("bun");
}

/** For tests: Node, too, can wait without libuv. */
bool wantsThread() {
  const char* const poller = std::getenv("ANCILLARY_POLLER");
  return poller != nullptr && std::strcmp(poller, "thread") == 0;
}

}  // namespace

std::unique_ptr<Poller> choosePoller(Napi::Env env) {
  if (UvPoller::isAvailable() && !isBun(env) && !wantsThread()) return UvPoller::make(env);
  return ThreadPoller::make(env);
}

}  // namespace ancillary
