#include "unix_address.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ancillary {

int UnixAddress::assign(const unsigned char* bytes, std::size_t size) {
  if (size == 0) return -EINVAL;
  const bool abstract = bytes[0] == 0;
  // The kernel would stop at the zero and bind another path than the one asked for.
  if (!abstract && std::memchr(bytes, 0, size) != nullptr) return -EINVAL;
  const std::size_t needed = abstract ? size : size + 1;
  if (needed > sizeof(sockaddr_un::sun_path)) return -ENAMETOOLONG;

  storage_ = sockaddr_storage{};
  storage_.ss_family = AF_UNIX;
  std::memcpy(reinterpret_cast<unsigned char*>(&storage_) + kPathOffset, bytes, size);
  // An abstract name is all the bytes the length covers, zeros included (unix(7)).
  length_ = static_cast<socklen_t>(kPathOffset + needed);
  return 0;
}

int UnixAddress::query(int fd, bool peer) {
  storage_ = sockaddr_storage{};
  length_ = sizeof storage_;
  sockaddr* const address = reinterpret_cast<sockaddr*>(&storage_);
  if ((peer ? getpeername(fd, address, &length_) : getsockname(fd, address, &length_)) < 0) return -errno;
  return storage_.ss_family == AF_UNIX ? 0 : -EAFNOSUPPORT;
}

std::size_t UnixAddress::size() const {
  const std::size_t whole = std::min<std::size_t>(length_, sizeof storage_);
  if (whole <= kPathOffset) return 0;
  const std::size_t size = whole - kPathOffset;
  if (bytes()[0] == 0) return size;
  const void* const end = std::memchr(bytes(), 0, size);
  return end == nullptr ? size : static_cast<std::size_t>(static_cast<const unsigned char*>(end) - bytes());
}

}  // namespace ancillary
