#pragma once

#include <napi.h>

namespace ancillary {

/** What async hooks know of a handle, and what AsyncLocalStorage its callbacks see: that of whoever opened it. */
class AsyncContext {
 public:
  AsyncContext() = default;
  AsyncContext(const AsyncContext&) = delete;
  AsyncContext& operator=(const AsyncContext&) = delete;
  ~AsyncContext();

  /** False with an exception pending. `resource` is held by whoever opens this. */
  bool open(Napi::Object resource, const char* name);
  napi_async_context get() const { return context_; }

  /** Leaves it to the environment, which is ending. */
  void abandon() { context_ = nullptr; }

 private:
  napi_env env_ = nullptr;
  napi_async_context context_ = nullptr;
};

}  // namespace ancillary
