#include "look_ahead.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace ancillary {
namespace {

/** More than the kernel puts into one segment (docs/kernel.md 17), so that one that begins in the memory ends here. */
constexpr std::size_t kBeyond = 40 * 1024;

#ifdef __linux__
/**
 * Whoever shares the socket may have said that peeks begin elsewhere. Then they show other bytes than reads return, or none,
 * while poll reports that there are some (docs/kernel.md 54). Returns whether it was so.
 */
bool peekFromFront(int socket) {
  int offset = -1;
  socklen_t size = sizeof offset;
  if (getsockopt(socket, SOL_SOCKET, SO_PEEK_OFF, &offset, &size) != 0 || offset < 0) return false;
  offset = -1;
  return setsockopt(socket, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) == 0;
}
#else
bool peekFromFront(int) { return false; }
#endif

/** Into parts, without room for descriptors. Returns what recvmsg does, or the negative errno. */
ssize_t peek(int socket, msghdr& message) {
  ssize_t peeked;
  do {
    peeked = recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT);
  } while (peeked < 0 && errno == EINTR);
  return peeked < 0 ? -errno : peeked;
}

}  // namespace

void LookAhead::look(Extent extent) {
  // What is read without looking would have to be counted off.
  if (extent == Extent::nothing) {
    plain_ = end_ = told_ = 0;
    begun_ = false;
  }
  // Elsewhere neither reads nor peeks end where a message with descriptors does (docs/kernel.md 24).
#ifdef __linux__
  extent_ = extent;
#endif
}

ssize_t LookAhead::most(int socket, unsigned char* memory, std::size_t room, std::size_t size, std::size_t& shown) {
  shown = 0;
  if (extent_ == Extent::nothing) return static_cast<ssize_t>(size);
  const bool told = extent_ == Extent::ends || told_ > 0;
  if (plain_ == 0 && (end_ == 0 || !told)) {
    unsigned char beyond[kBeyond];
    iovec parts[] = {{memory, room}, {beyond, sizeof beyond}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    if (!begun_) peekFromFront(socket);
    begun_ = true;
    ssize_t peeked = peek(socket, message);
    if ((peeked == -EAGAIN || peeked == -EWOULDBLOCK) && peekFromFront(socket)) peeked = peek(socket, message);
    // An error that waited is told once, and this was it.
    if (peeked < 0) return peeked;
    // The end of the stream is told again.
    if (peeked == 0) return static_cast<ssize_t>(size);
    const auto length = static_cast<std::size_t>(peeked);
    // Without room for them descriptors are reported, and not installed (docs/kernel.md 46).
    if ((message.msg_flags & MSG_CTRUNC) == 0) plain_ = length;
    // They are behind what was copied, in a segment that begins behind the memory.
    else if (length == room + sizeof beyond) plain_ = room;
    else end_ = length;
    if (end_ > 0 && extent_ == Extent::contents) {
      told_ = std::min(length, room);
      shown = told_;
      return 0;
    }
  }
  return static_cast<ssize_t>(std::min(size, plain_ > 0 ? plain_ : end_));
}

std::size_t LookAhead::took(std::size_t length, std::size_t size, bool descriptors) {
  if (extent_ == Extent::nothing) return 0;
  const bool announced = end_ > 0;
  told_ -= std::min(told_, length);
  plain_ -= std::min(plain_, length);
  end_ -= std::min(end_, length);
  if (!descriptors) return 0;
  if (announced) {
    // What remains of it is plain from now on (docs/kernel.md 4).
    plain_ = end_;
    end_ = 0;
    told_ = 0;
    return plain_;
  }
  plain_ = 0;
  // Nothing said that they would come. A read that is not full ended where their message did.
  return length < size ? 0 : 1;
}

}  // namespace ancillary
