#pragma once

#include <napi.h>

#include "polled_handle.h"

namespace ancillary {

/** NativeListener of addon.ts. */
class ListenerHandle final : public Napi::ObjectWrap<ListenerHandle>, private PolledHandle {
 public:
  static Napi::Function define(Napi::Env env);
  /** openListener(fd, callbacks) of addon.ts. */
  static Napi::Value openListener(const Napi::CallbackInfo& info);

  explicit ListenerHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

 private:
  Napi::Value getFd(const Napi::CallbackInfo& info);
  void setAccepting(const Napi::CallbackInfo& info);
  void refLoop(const Napi::CallbackInfo&) { setRef(true); }
  void unrefLoop(const Napi::CallbackInfo&) { setRef(false); }
  void closeNow(const Napi::CallbackInfo&) { close(); }

  Napi::Reference<Napi::Object>& self() override { return *this; }
  int interest() const override;
  void wake(bool error, int events) override;
  void giveUp() override { accepting_ = false; }

  bool accepting_ = false;
};

}  // namespace ancillary
