#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>

namespace ancillary {

/** A Unix socket's address, and the bytes of its sun_path: a path, or after a leading zero byte an abstract name. */
class UnixAddress {
 public:
  /** 0; -EINVAL when empty or a path with a zero byte, -ENAMETOOLONG when it does not fit. */
  int assign(const unsigned char* bytes, std::size_t size);

  /** Asks getsockname(2), or getpeername(2) when `peer`: 0 or a negative errno; -EAFNOSUPPORT for other families. */
  int query(int fd, bool peer);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const { return length_; }

  /** sun_path without a path's terminating zero; empty when the socket is unnamed. */
  const unsigned char* bytes() const { return reinterpret_cast<const unsigned char*>(&storage_) + kPathOffset; }
  std::size_t size() const;

 private:
  static constexpr std::size_t kPathOffset = offsetof(sockaddr_un, sun_path);

  // Not a sockaddr_un: Linux returns the zero after a path that fills sun_path, one byte past that struct.
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

}  // namespace ancillary
