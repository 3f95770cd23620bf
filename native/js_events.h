#pragma once

#include <napi.h>

#include <cstddef>
#include <initializer_list>

namespace ancillary {

/** What handles tell; the callbacks of addon.ts. */
enum class Event : std::size_t { read, writable, hangup, connection, failed };

/**
 * One function of JavaScript for each event, which calls the method of that name of `this.callbacks`; all handles of an
 * environment share them. To look the method up from C++ takes longer, and a reference to it, or to the callbacks, takes
 * as much memory as most of a handle does.
 */
class JsDispatch {
 public:
  /** False when it cannot, in an environment that is ending already. */
  bool make(Napi::Env env);
  napi_value function(Event event) const { return functions_[static_cast<std::size_t>(event)].Value(); }

 private:
  Napi::FunctionReference functions_[5];
};

/** How a handle calls the callbacks that JavaScript gave to it, from the event loop. They are a property of its object. */
class JsEvents {
 public:
  enum class Outcome {
    /** It returned, or threw, and then the exception went to 'uncaughtException'. */
    called,
    /** JavaScript cannot run any more: the environment is ending. */
    ended,
  };

  /** Gives `handle` its callbacks; false, with a TypeError pending, when they lack the method for one of the events. */
  bool hold(Napi::Object handle, Napi::Object callbacks, const char* resource, std::initializer_list<Event> events);

  /** Calls a function of the dispatch; microtasks and process.nextTick have run when it returns. */
  Outcome call(Napi::Object handle, napi_value function, std::initializer_list<napi_value> arguments);

  /** Hands the pending exception, if any, to 'uncaughtException', so that it is neither lost nor left pending. */
  static void raisePending(Napi::Env env);

  /** Lets go; not to be done while {@link call} is running. */
  void release();

  JsEvents() = default;
  JsEvents(const JsEvents&) = delete;
  JsEvents& operator=(const JsEvents&) = delete;
  ~JsEvents() { release(); }

 private:
  napi_env contextEnv_ = nullptr;
  napi_async_context context_ = nullptr;
};

}  // namespace ancillary
