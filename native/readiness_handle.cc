#include "readiness_handle.h"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "js_environment.h"
#include "unique_fd.h"

namespace ancillary {

int ReadinessHandle::openFor(JsEnvironment& environment, int fd, bool writable, Napi::Object callbacks, int& number) {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return -errno;
  epoll_event event{};
  event.events = writable ? EPOLLOUT : EPOLLIN;
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) < 0) return -errno;
  environment.ledger.adopt(epoll.get(), Origin::made);
  const int error = open(std::make_unique<ReadinessHandle>(environment), epoll.get(), callbacks);
  if (error == 0) number = epoll.release();
  else (void)environment.ledger.disown(epoll.get());
  return error;
}

int ReadinessHandle::await() {
  awaited_ = true;
  return updateInterest();
}

void ReadinessHandle::wake(bool, int) {
  if (!awaited_) return;
  awaited_ = false;
  tell(Event::ready, {});
}

}  // namespace ancillary
