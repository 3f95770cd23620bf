#include "js_events.h"

#include "js_arguments.h"

namespace ancillary {
namespace {

constexpr const char* kMethods[] = {"read", "writable", "hangup", "connection", "failed"};

constexpr const char* kDispatch = R"(({
  read(memory, count, end) { this.callbacks.read(memory, count, end); },
  writable() { this.callbacks.writable(); },
  hangup() { this.callbacks.hangup(); },
  connection(fd) { this.callbacks.connection(fd); },
  failed(errno) { this.callbacks.failed(errno); },
}))";

/** The method for an event; empty, with an exception pending, when there is none. */
Napi::Function methodOf(Napi::Object object, Event event) {
  const char* const name = kMethods[static_cast<std::size_t>(event)];
  const Napi::Value method = object.Get(name);
  if (object.Env().IsExceptionPending()) return {};
  if (method.IsFunction()) return method.As<Napi::Function>();
  throwType(object.Env(), name, "a function");
  return {};
}

}  // namespace

bool JsDispatch::make(Napi::Env env) {
  const Napi::Value functions = env.RunScript(kDispatch);
  if (functions.IsEmpty()) return false;
  for (const Event event : {Event::read, Event::writable, Event::hangup, Event::connection, Event::failed}) {
    const Napi::Function function = methodOf(functions.As<Napi::Object>(), event);
    if (function.IsEmpty()) return false;
    functions_[static_cast<std::size_t>(event)] = Napi::Persistent(function);
  }
  return true;
}

bool JsEvents::hold(Napi::Object handle, Napi::Object callbacks, const char* resource,
                    std::initializer_list<Event> events) {
  const Napi::Env env = handle.Env();
  for (const Event event : events) {
    if (methodOf(callbacks, event).IsEmpty()) return false;
  }
  handle.Set("callbacks", callbacks);
  // Made here, in the caller's turn, so that its AsyncLocalStorage is seen by the callbacks.
  if (env.IsExceptionPending() || napi_async_init(env, handle, Napi::String::New(env, resource), &context_) != napi_ok) {
    if (!env.IsExceptionPending()) throwType(env, resource, "usable as an async resource");
    return false;
  }
  contextEnv_ = env;
  return true;
}

JsEvents::Outcome JsEvents::call(Napi::Object handle, napi_value function,
                                 std::initializer_list<napi_value> arguments) {
  const Napi::Env env = handle.Env();
  const napi_status status =
      napi_make_callback(env, context_, handle, function, arguments.size(), arguments.begin(), nullptr);
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
}

}  // namespace ancillary
