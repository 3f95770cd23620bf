#pragma once

#include <napi.h>

#include <memory>

#include "polled_handle.h"

namespace ancillary {

/**
 * Tells, whenever it is asked to, once a descriptor of somebody else's is ready. What is polled is an epoll instance that
 * has the descriptor, for pollers make theirs non-blocking, and that would change it for all who have the same open file
 * (docs/kernel.md 52). The handle is named by the number of that instance.
 */
class ReadinessHandle final : public PolledHandle {
 public:
  static constexpr Kind kKind = Kind::readiness;

  explicit ReadinessHandle(JsEnvironment& environment) : PolledHandle(environment) {}

  /** The handle's number; -EPERM for a descriptor that is always ready, or another negative errno. 1 as {@link open}. */
  static int openFor(JsEnvironment& environment, int fd, bool writable, Napi::Object callbacks, int& number);

  /** Asks for one {@link Event::ready}. 0, or the negative errno for which it cannot be polled. */
  [[nodiscard]] int await();

  Kind kind() const override { return kKind; }

 private:
  const char* resourceName() const override { return "ANCILLARYREADINESS"; }
  std::initializer_list<Event> events() const override { return kEvents; }
  int interest() const override { return awaited_ ? kPollReadable : 0; }
  bool holdsLoop() const override { return awaited_; }
  void wake(bool error, int events) override;
  void giveUp() override { awaited_ = false; }
  /** It is watched only when it is asked to be, and then the one who asks is told. */
  void pollFailed(int) override { awaited_ = false; }

  static constexpr std::initializer_list<Event> kEvents = {Event::ready};

  bool awaited_ = false;
};

}  // namespace ancillary
