#include "js_events.h"

#include <algorithm>
#include <cassert>

#include "js_arguments.h"

namespace ancillary {
namespace {

constexpr const char* kMethods[] = {"read", "writable", "hangup", "connection", "failed", "ready"};
constexpr std::size_t kMostArguments = 3;

constexpr const char* kDispatch = R"(({
  callbacks: [],
  read(fd, memory, count, end) { this.callbacks[fd].read(memory, count, end); },
  writable(fd) { this.callbacks[fd].writable(); },
  hangup(fd) { this.callbacks[fd].hangup(); },
  connection(fd, accepted) { this.callbacks[fd].connection(accepted); },
  failed(fd, errno) { this.callbacks[fd].failed(errno); },
  ready(fd) { this.callbacks[fd].ready(); },
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

bool JsEvents::make(Napi::Env env) {
  const Napi::Value made = env.RunScript(kDispatch);
  if (made.IsEmpty()) return false;
  const Napi::Object dispatch = made.As<Napi::Object>();
  for (const Event event :
       {Event::read, Event::writable, Event::hangup, Event::connection, Event::failed, Event::ready}) {
    const Napi::Function function = methodOf(dispatch, event);
    if (function.IsEmpty()) return false;
    functions_[static_cast<std::size_t>(event)] = Napi::Persistent(function);
  }
  const Napi::Value callbacks = dispatch.Get("callbacks");
  if (!callbacks.IsArray()) return false;
  callbacks_ = Napi::Persistent(callbacks.As<Napi::Array>());
  dispatch_ = Napi::Persistent(dispatch);
  return true;
}

bool JsEvents::accepts(Napi::Object callbacks, std::initializer_list<Event> events) const {
  return std::all_of(events.begin(), events.end(),
                     [&](Event event) { return !methodOf(callbacks, event).IsEmpty(); });
}

bool JsEvents::add(int fd, Napi::Object callbacks) {
  return napi_set_element(callbacks.Env(), callbacks_.Value(), static_cast<std::uint32_t>(fd), callbacks) == napi_ok;
}

void JsEvents::remove(int fd) {
  if (ended_) return;
  const Napi::Env env = callbacks_.Env();
  const Napi::HandleScope scope(env);
  // In an environment that is ending this fails, and the array goes with it.
  napi_set_element(env, callbacks_.Value(), static_cast<std::uint32_t>(fd), env.Undefined());
}

JsEvents::Outcome JsEvents::call(const AsyncContext& context, Event event, int fd,
                                 std::initializer_list<napi_value> arguments) const {
  if (ended_) return Outcome::ended;
  const Napi::Env env = dispatch_.Env();
  napi_value all[1 + kMostArguments] = {Napi::Number::New(env, fd)};
  assert(arguments.size() <= kMostArguments);
  std::copy(arguments.begin(), arguments.end(), all + 1);
  // Deno 2.9 writes the result also where none is asked for.
  napi_value result = nullptr;
  const napi_status status =
      napi_make_callback(env, context.get(), dispatch_.Value(), functions_[static_cast<std::size_t>(event)].Value(),
                         1 + arguments.size(), all, &result);
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

}  // namespace ancillary
