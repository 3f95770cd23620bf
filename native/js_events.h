#pragma once

#include <napi.h>

#include <cstddef>
#include <initializer_list>

#include "async_context.h"

namespace ancillary {

/** What handles tell; the callbacks of addon.ts. */
enum class Event : std::size_t { read, writable, hangup, connection, failed, ready };

/**
 * How handles call the callbacks that JavaScript gave to them, from the event loop. These stand in one array of
 * JavaScript, by descriptor, and for each event one function, written in JavaScript, looks them up there: to do that from
 * C++ takes longer, and references to them would take as much memory as most of a handle does. The array is as long as the
 * largest number, and the kernel gives out the lowest that is free.
 */
class JsEvents {
 public:
  enum class Outcome {
    /** It returned, or threw, and then the exception went to 'uncaughtException'. */
    called,
    /** JavaScript cannot run any more: the environment is ending. */
    ended,
  };

  /** False when it cannot, in an environment that is ending already. */
  bool make(Napi::Env env);

  /** Whether there is a method for each of the events; false with a TypeError pending. */
  bool accepts(Napi::Object callbacks, std::initializer_list<Event> events) const;

  /** Keeps the callbacks of a descriptor's handle; false with an exception pending. */
  bool add(int fd, Napi::Object callbacks);
  void remove(int fd);

  /** The environment ends: nothing here touches JavaScript any more, which some runtimes crash on then. */
  void end() { ended_ = true; }
  bool ended() const { return ended_; }

  /** Calls back; microtasks and process.nextTick have run when it returns. There are three arguments at most. */
  Outcome call(const AsyncContext& context, Event event, int fd, std::initializer_list<napi_value> arguments) const;

  /** Hands the pending exception, if any, to 'uncaughtException', so that it is neither lost nor left pending. */
  static void raisePending(Napi::Env env);

 private:
  Napi::ObjectReference dispatch_;
  Napi::Reference<Napi::Array> callbacks_;
  Napi::FunctionReference functions_[6];
  bool ended_ = false;
};

}  // namespace ancillary
