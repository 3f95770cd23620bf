#pragma once

#include <napi.h>

#include "polled_handle.h"

namespace ancillary {

/** A listening socket that accepts while {@link setAccepting} is on. */
class ListenerHandle final : public PolledHandle {
 public:
  static constexpr Kind kKind = Kind::listener;

  explicit ListenerHandle(JsEnvironment& environment) : PolledHandle(environment) {}

  /** 0, or the negative errno for which the socket cannot be polled. */
  [[nodiscard]] int setAccepting(bool on);

  Kind kind() const override { return kKind; }

 private:
  const char* resourceName() const override { return "ANCILLARYLISTENER"; }
  std::initializer_list<Event> events() const override { return kEvents; }
  int interest() const override;
  void wake(bool error, int events) override;
  void giveUp() override {
    accepting_ = false;
    watchesHangup_ = false;
  }
  void pollFailed(int error) override { fail(error); }
  void fail(int error);

  static constexpr std::initializer_list<Event> kEvents = {Event::connection, Event::failed};

  bool accepting_ = false;
  /** Until there was one, which would be reported again and again. */
  bool watchesHangup_ = true;
};

}  // namespace ancillary
