#include "message_io.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "control_message.h"
#include "ledger.h"

namespace ancillary {
namespace {

// Linux only; elsewhere close-on-exec is set afterwards (docs/kernel.md 10 and 24).
#ifdef MSG_CMSG_CLOEXEC
constexpr int kCloseOnExec = MSG_CMSG_CLOEXEC;
#else
constexpr int kCloseOnExec = 0;
#endif

#ifdef MSG_NOSIGNAL
constexpr int kNoSignal = MSG_NOSIGNAL;
#else
constexpr int kNoSignal = 0;
#endif

/** Without a message header, which the kernel would copy in. */
ssize_t sendPlain(int socket, const iovec& part) {
  ssize_t sent;
  do {
    sent = send(socket, part.iov_base, part.iov_len, MSG_DONTWAIT | kNoSignal);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

}  // namespace

Received receiveMessage(int socket, void* buffer, std::size_t size, Ledger& ledger, int* fds, std::size_t capacity) {
  alignas(cmsghdr) unsigned char control[kReceiveControlSize];
  iovec part{buffer, size};
  msghdr message;
  ssize_t received;
  do {
    message = msghdr{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    received = recvmsg(socket, &message, MSG_DONTWAIT | kCloseOnExec);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return {-errno, 0, 0};

  const std::size_t told = message.msg_controllen;
  const std::size_t filled = told < sizeof control ? told : sizeof control;
  const std::size_t fdCount = filled == 0 ? 0 : adoptDescriptors(control, filled, ledger, fds, capacity);
  if (kCloseOnExec == 0) {
    for (std::size_t i = 0; i < fdCount; ++i) fcntl(fds[i], F_SETFD, FD_CLOEXEC);
  }
  return {received, message.msg_flags & ~kCloseOnExec, fdCount};
}

ssize_t sendMessage(int socket, iovec* parts, std::size_t partCount, const int* fds, std::size_t fdCount) {
  if (fdCount > kMaxFds) return -EINVAL;
  if (fdCount == 0 && partCount == 1) return sendPlain(socket, parts[0]);
  alignas(cmsghdr) unsigned char control[kSendControlSize];
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = partCount;
  if (fdCount > 0) {
    message.msg_control = control;
    message.msg_controllen = buildRights(control, fds, fdCount);
  }
  ssize_t sent;
  do {
    sent = sendmsg(socket, &message, MSG_DONTWAIT | kNoSignal);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

}  // namespace ancillary
