#include "send_batch.h"

#include <sys/types.h>
#include <sys/uio.h>

#include <cerrno>

#include "message_io.h"

namespace ancillary {
namespace {

constexpr std::size_t kMaxVectors = 64;

iovec vectorOf(const SendPart& part) {
  // iovec serves reading too, hence not const; sendmsg only reads.
  return {const_cast<unsigned char*>(part.bytes), part.size};
}

}  // namespace

Sent sendBatch(int socket, const SendPart* parts, std::size_t count) {
  iovec vectors[kMaxVectors];
  std::size_t accepted = 0;
  std::size_t next = 0;
  while (next < count) {
    const SendPart& first = parts[next];
    // The kernel would report success and drop the descriptors (docs/kernel.md 15).
    if (first.size == 0 && first.fdCount > 0) return {accepted, -EINVAL};

    std::size_t vectorCount = 0;
    std::size_t size = 0;
    do {
      vectors[vectorCount++] = vectorOf(parts[next]);
      size += parts[next].size;
      ++next;
    } while (next < count && vectorCount < kMaxVectors &&
             (parts[next].goesOn || (first.fdCount == 0 && parts[next].fdCount == 0)));
    if (size == 0) continue;

    const ssize_t sent = sendMessage(socket, vectors, vectorCount, first.fds, first.fdCount);
    if (sent < 0) return {accepted, static_cast<int>(sent)};
    accepted += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < size) return {accepted, -EAGAIN};
  }
  return {accepted, 0};
}

}  // namespace ancillary
