#pragma once

#include <napi.h>

#include <cstddef>
#include <initializer_list>

namespace ancillary {

/** What handles tell; the callbacks of addon.ts. */
enum class Event : std::size_t { read, writable, hangup, connection, failed };

/**
 * One function of JavaScript for each event, which calls the method of that name of `this`; all handles of an environment
 * share them. To look the method up from C++ takes longer, and to hold it for each handle takes more memory than a handle.
 */
class JsDispatch {
 public:
  /** False when it cannot, in an environment that is ending already. */
  bool make(Napi::Env env);
  napi_value function(Event event) const { return functions_[static_cast<std::size_t>(event)].Value(); }

 private:
  Napi::FunctionReference functions_[5];
};

/** The callbacks object that JavaScript gave to a handle, to be called from the event loop. */
class JsEvents {
 public:
  enum class Outcome {
    /** It returned, or threw, and then the exception went to 'uncaughtException'. */
    called,
    /** JavaScript cannot run any more: the environment is ending. */
    ended,
  };

  /** Takes hold of `target`; false, with a TypeError pending, when it lacks the method for one of the events. */
  bool hold(Napi::Object target, const char* resource, std::initializer_list<Event> events);

  /** Calls a function on the target; microtasks and process.nextTick have run when it returns. */
  Outcome call(Napi::Env env, napi_value function, std::initializer_list<napi_value> arguments);

  /** Hands the pending exception, if any, to 'uncaughtException', so that it is neither lost nor left pending. */
  static void raisePending(Napi::Env env);

  /** Lets go; not to be done while {@link call} is running. */
  void release();

  JsEvents() = default;
  JsEvents(const JsEvents&) = delete;
  JsEvents& operator=(const JsEvents&) = delete;
  ~JsEvents() { release(); }

 private:
  Napi::ObjectReference target_;
  napi_env contextEnv_ = nullptr;
  napi_async_context context_ = nullptr;
};

}  // namespace ancillary
