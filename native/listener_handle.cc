#include "listener_handle.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "hung_up.h"
#include "js_environment.h"

namespace ancillary {
namespace {

/** Connections taken before the loop's other handles get their turn. */
constexpr int kAcceptsPerWakeUp = 64;

/** The new socket, or a negative errno. */
int acceptOne(int listener) {
#ifdef __linux__
  const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return fd < 0 ? -errno : fd;
#else
  const int fd = ::accept(listener, nullptr, nullptr);
  if (fd < 0) return -errno;
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
#endif
}

}  // namespace

void ListenerHandle::setAccepting(bool on) {
  accepting_ = on;
  updateInterest();
}

int ListenerHandle::interest() const {
  if (accepting_) return kPollReadable;
  // Watching it keeps the loop running, as a server should while it listens.
  return watchesHangup_ ? kPollHangup : 0;
}

void ListenerHandle::wake(bool, int) {
  if (!accepting_) {
    // Whoever has a copy of the socket may shut it down. accept(2) gives EINVAL from then on.
    if (hungUp(fd())) fail(-EINVAL);
    return;
  }
  const Napi::Env env = this->env();
  for (int count = 0; count < kAcceptsPerWakeUp && accepting_; ++count) {
    const int accepted = acceptOne(fd());
    if (accepted == -EAGAIN || accepted == -EWOULDBLOCK) return;
    // The one who connected gave up meanwhile; the next in the backlog may be fine.
    if (accepted == -ECONNABORTED || accepted == -EINTR) continue;
    if (accepted < 0) {
      // The connection stays in the backlog and the socket readable: polling on would spin.
      fail(accepted);
      return;
    }
    environment().ledger.adopt(accepted);
    const Napi::HandleScope scope(env);
    if (!tell(Event::connection, {Napi::Number::New(env, accepted)})) return;
  }
}

void ListenerHandle::fail(int error) {
  const Napi::HandleScope scope(env());
  accepting_ = false;
  watchesHangup_ = watchesHangup_ && !hungUp(fd());
  tell(Event::failed, {Napi::Number::New(env(), error)});
}

}  // namespace ancillary
