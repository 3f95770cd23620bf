#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>

namespace ancillary {

class Ledger;

/** What one recvmsg returned. */
struct Received {
  /** Bytes, or a negative errno. */
  ssize_t size;
  /** msg_flags without MSG_CMSG_CLOEXEC, which the kernel echoes (docs/kernel.md 29). */
  int flags;
  /** Descriptors written to the caller's array; all are in the ledger. */
  std::size_t fdCount;
};

/** One recvmsg that does not wait; descriptors come close-on-exec. */
Received receiveMessage(int socket, void* buffer, std::size_t size, Ledger& ledger, int* fds, std::size_t capacity);

/** One sendmsg that neither waits nor raises SIGPIPE. Returns bytes, or a negative errno. */
ssize_t sendMessage(int socket, iovec* parts, std::size_t partCount, const int* fds, std::size_t fdCount);

}  // namespace ancillary
