#include "message_io.h"

#include <fcntl.h>
#include <sys/socket.h>

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

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

/*
 * The system calls themselves. glibc's functions are cancellation points, which in a process with threads takes 40 ns each;
 * musl's sendmsg copies control data to 1,024 bytes of stack, and refuses with ENOMEM what 253 descriptors need.
 */
ssize_t callSendmsg(int socket, const msghdr* message, int flags) {
#ifdef SYS_sendmsg
  return syscall(SYS_sendmsg, socket, message, flags);
#else
  return sendmsg(socket, message, flags);
#endif
}

ssize_t callRecvmsg(int socket, msghdr* message, int flags) {
#ifdef SYS_recvmsg
  return syscall(SYS_recvmsg, socket, message, flags);
#else
  return recvmsg(socket, message, flags);
#endif
}

ssize_t callSend(int socket, const iovec& part, int flags) {
#ifdef SYS_sendto
  return syscall(SYS_sendto, socket, part.iov_base, part.iov_len, flags, nullptr, 0);
#else
  return send(socket, part.iov_base, part.iov_len, flags);
#endif
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
    received = callRecvmsg(socket, &message, MSG_DONTWAIT | kCloseOnExec);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return {-errno, 0, 0};

  const std::size_t reported = message.msg_controllen;
  const std::size_t filled = reported < sizeof control ? reported : sizeof control;
  const std::size_t fdCount = filled == 0 ? 0 : adoptDescriptors(control, filled, socket, ledger, fds, capacity);
  if (kCloseOnExec == 0) {
    for (std::size_t i = 0; i < fdCount; ++i) fcntl(fds[i], F_SETFD, FD_CLOEXEC);
  }
  return {received, message.msg_flags & ~kCloseOnExec, fdCount};
}

ssize_t sendMessage(int socket, iovec* parts, std::size_t partCount, const int* fds, std::size_t fdCount) {
  if (fdCount > kMaxFds) return -EINVAL;
  alignas(cmsghdr) unsigned char control[kSendControlSize];
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = partCount;
  if (fdCount > 0) {
    message.msg_control = control;
    message.msg_controllen = buildRights(control, fds, fdCount);
  }
  constexpr int kFlags = MSG_DONTWAIT | kNoSignal;
  // One plain part needs no message header, which the kernel would copy in.
  const bool bare = fdCount == 0 && partCount == 1;
  ssize_t sent;
  do {
    sent = bare ? callSend(socket, *parts, kFlags) : callSendmsg(socket, &message, kFlags);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

}  // namespace ancillary
