#include "js_events.h"

#include "js_arguments.h"

namespace ancillary {

bool JsEvents::hold(Napi::Object target, const char* resource, std::initializer_list<const char*> methods) {
  const Napi::Env env = target.Env();
  std::size_t index = 0;
  for (const char* const name : methods) {
    const Napi::Value method = target.Get(name);
    if (env.IsExceptionPending()) return false;
    if (!method.IsFunction()) {
      throwType(env, name, "a function");
      return false;
    }
    methods_[index++] = Napi::Persistent(method.As<Napi::Function>());
  }
  target_ = Napi::Persistent(target);
  // Made here, in the caller's turn, so that its AsyncLocalStorage is seen by the callbacks.
  if (napi_async_init(env, nullptr, Napi::String::New(env, resource), &context_) != napi_ok) {
    if (!env.IsExceptionPending()) throwType(env, resource, "usable as an async resource");
    return false;
  }
  contextEnv_ = env;
  return true;
}

JsEvents::Outcome JsEvents::call(Napi::Env env, std::size_t method, std::initializer_list<napi_value> arguments) {
  const napi_status status = napi_make_callback(env, context_, target_.Value(), methods_[method].Value(),
                                                arguments.size(), arguments.begin(), nullptr);
  if (status == napi_ok) return Outcome::called;
  if (!env.IsExceptionPending()) return Outcome::ended;
  raisePending(env);
  return Outcome::called;
}

void JsEvents::raisePending(Napi::Env env) {
  if (!env.IsExceptionPending()) return;
  napi_value exception = nullptr;
  if (napi_get_and_clear_last_exception(env, &exception) != napi_ok) return;
  napi_fatal_exception(env, exception);
  // A handler of 'uncaughtException' may throw, or the environment end meanwhile.
  if (env.IsExceptionPending()) napi_get_and_clear_last_exception(env, &exception);
}

void JsEvents::release() {
  if (context_ != nullptr) napi_async_destroy(contextEnv_, context_);
  context_ = nullptr;
  target_.Reset();
  for (auto& method : methods_) method.Reset();
}

}  // namespace ancillary
