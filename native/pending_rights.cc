#include "pending_rights.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

#include "poll_once.h"

namespace ancillary {
namespace {

bool optionIs(int socket, int option, int value) {
  int found = 0;
  socklen_t size = sizeof found;
  return getsockopt(socket, SOL_SOCKET, option, &found, &size) == 0 && found == value;
}

/** Whether no bytes are in the queue; false where that cannot be known. */
bool isEmpty(int socket) {
  int bytes = 0;
  return ioctl(socket, FIONREAD, &bytes) == 0 && bytes == 0;
}

/** A byte out of band ends a peek before what is behind it, and may have descriptors itself (docs/kernel.md 26, 46). */
bool hasUrgentByte(int socket) { return (pollOnce(socket, POLLPRI) & POLLPRI) != 0; }

}  // namespace

bool holdsRights(int socket, Sharing sharing) {
  // From then on the peer's sendmsg fails with EPIPE, as it will when the socket is closed (docs/kernel.md 45).
  if (sharing == Sharing::alone) {
    shutdown(socket, SHUT_RD);
    // Each descriptor has a byte that it came with.
    if (isEmpty(socket)) return false;
  }
#ifdef SO_PEEK_OFF
  // Somebody who has the same open file may have a peek begin anywhere.
  if (sharing == Sharing::maybe && !optionIs(socket, SO_PEEK_OFF, -1)) return true;
#endif
  if (hasUrgentByte(socket)) return true;
  unsigned char byte;
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  // A peek of one byte goes on to the first descriptors in the queue, and for want of room reports that they are there
  // without installing them (docs/kernel.md 11).
  const ssize_t peeked = recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT);
  if (peeked < 0) return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINVAL && errno != ENOTCONN;
  // Under SO_PASSCRED, where it stops at bytes of another writer (docs/kernel.md 36), that is always reported.
  return peeked > 0 && (message.msg_flags & MSG_CTRUNC) != 0;
}

bool rightsWait(int socket) {
  // An error is told behind all that is queued, and once (docs/kernel.md 13): a peek of an empty queue would take it.
  if (isEmpty(socket)) return false;
  return holdsRights(socket, Sharing::maybe);
}

bool isUnixSocket(int fd) {
#ifdef SO_DOMAIN
  return optionIs(fd, SO_DOMAIN, AF_UNIX);
#else
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 && address.ss_family == AF_UNIX;
#endif
}

}  // namespace ancillary
