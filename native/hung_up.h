#pragma once

#include <poll.h>

namespace ancillary {

/** Whether a socket's peer closed both directions; false for a number below 0. */
inline bool hungUp(int socket) {
  pollfd watched{socket, 0, 0};
  return poll(&watched, 1, 0) > 0 && (watched.revents & POLLHUP) != 0;
}

}  // namespace ancillary
