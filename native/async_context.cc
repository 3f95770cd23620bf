#include "async_context.h"

#include "js_arguments.h"

namespace ancillary {

AsyncContext::~AsyncContext() {
  if (context_ != nullptr) napi_async_destroy(env_, context_);
}

bool AsyncContext::open(Napi::Object resource, const char* name) {
  const Napi::Env env = resource.Env();
  if (napi_async_init(env, resource, Napi::String::New(env, name), &context_) != napi_ok) {
    if (!env.IsExceptionPending()) throwType(env, name, "usable as an async resource");
    return false;
  }
  env_ = env;
  return true;
}

}  // namespace ancillary
