#pragma once

#include <poll.h>

namespace ancillary {

/** What poll(2) says of a socket now, without waiting; nothing for a number below 0. */
inline short pollOnce(int socket, short events) {
  pollfd watched{socket, events, 0};
  return poll(&watched, 1, 0) > 0 ? watched.revents : short{0};
}

/** Whether a socket's peer closed both directions. */
inline bool hungUp(int socket) { return (pollOnce(socket, 0) & POLLHUP) != 0; }

/**
 * Whether nothing more can come: the peer ended its sending direction, or is gone, or was never there; of a listening
 * socket, somebody who has a copy shut it down.
 */
inline bool receivingEnded(int socket) {
#ifdef POLLRDHUP
  return pollOnce(socket, POLLRDHUP) != 0;
#else
  return pollOnce(socket, 0) != 0;
#endif
}

/** Whether a socket holds anything: messages, or connections that nobody accepted, which may hold anything themselves. */
inline bool isReadable(int socket) { return pollOnce(socket, POLLIN) != 0; }

}  // namespace ancillary
