#include "listener_handle.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "js_environment.h"
#include "poll_once.h"

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

/**
 * accept(2) must not be trusted to say whether a connection waits: whoever has a copy of the socket may have cleared O_NONBLOCK,
 * which all copies share, and then it blocks. So it is only asked after poll said that one does, and, in case somebody else is
 * faster, with the flag set again.
 */
void makeNonBlocking(int listener) {
  const int flags = fcntl(listener, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) fcntl(listener, F_SETFL, flags | O_NONBLOCK);
}

}  // namespace

int ListenerHandle::setAccepting(bool on) {
  accepting_ = on;
  return updateInterest();
}

int ListenerHandle::interest() const {
  if (accepting_) return kPollReadable;
  // Watching it keeps the loop running, as a server should while it listens.
  return watchesHangup_ ? kPollHangup : 0;
}

void ListenerHandle::wake(bool, int) {
  if (!accepting_) {
    if (receivingEnded(fd())) fail(-EINVAL);
    return;
  }
  const Napi::Env env = this->env();
  for (int count = 0; count < kAcceptsPerWakeUp && accepting_; ++count) {
    if (!isReadable(fd())) return;
    makeNonBlocking(fd());
    int accepted = acceptOne(fd());
    if (accepted == -EMFILE && environment().ledger.waitForNumbers()) accepted = acceptOne(fd());
    if (accepted == -EAGAIN || accepted == -EWOULDBLOCK) {
      // Shut down, a socket stays readable for ever (docs/kernel.md 40).
      if (receivingEnded(fd())) fail(-EINVAL);
      return;
    }
    // The one who connected gave up meanwhile; the next in the backlog may be fine.
    if (accepted == -ECONNABORTED || accepted == -EINTR) continue;
    if (accepted < 0) {
      // The connection stays in the backlog and the socket readable: polling on would spin.
      fail(accepted);
      return;
    }
    environment().ledger.adopt(accepted, Origin::socket);
    environment().ledger.setConnected(accepted);
    const Napi::HandleScope scope(env);
    if (!tell(Event::connection, {Napi::Number::New(env, accepted)})) return;
  }
}

void ListenerHandle::fail(int error) {
  const Napi::HandleScope scope(env());
  accepting_ = false;
  watchesHangup_ = watchesHangup_ && !receivingEnded(fd());
  tell(Event::failed, {Napi::Number::New(env(), error)});
}

}  // namespace ancillary
