#pragma once

#include <napi.h>

#include <cstddef>
#include <initializer_list>

namespace ancillary {

/** The callbacks object that JavaScript gave to a handle, to be called from the event loop. */
class JsEvents {
 public:
  enum class Outcome {
    /** It returned, or threw, and then the exception went to 'uncaughtException'. */
    called,
    /** JavaScript cannot run any more: the environment is ending. */
    ended,
  };

  static constexpr std::size_t kMaxMethods = 3;

  /** Takes hold of `target` and its methods; false, with a TypeError pending, when one is missing. */
  bool hold(Napi::Object target, const char* resource, std::initializer_list<const char*> methods);

  /** Calls the method of that place in the list; microtasks and process.nextTick have run when it returns. */
  Outcome call(Napi::Env env, std::size_t method, std::initializer_list<napi_value> arguments);

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
  Napi::FunctionReference methods_[kMaxMethods];
  napi_env contextEnv_ = nullptr;
  napi_async_context context_ = nullptr;
};

}  // namespace ancillary
