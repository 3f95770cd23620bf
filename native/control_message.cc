#include "control_message.h"

#include <cstring>

#include "ledger.h"

namespace ancillary {
namespace {

#ifdef SCM_PIDFD
constexpr int kScmPidfd = SCM_PIDFD;
#elif defined(__linux__)
constexpr int kScmPidfd = 0x04;
#else
constexpr int kScmPidfd = -1;
#endif

}  // namespace

std::size_t buildRights(unsigned char* control, const int* fds, std::size_t count) {
  const std::size_t payload = count * sizeof(int);
  cmsghdr header{};
  header.cmsg_level = SOL_SOCKET;
  header.cmsg_type = SCM_RIGHTS;
  header.cmsg_len = CMSG_LEN(payload);
  // What may lie between the header and the descriptors.
  std::memset(control, 0, CMSG_LEN(0));
  std::memcpy(control, &header, sizeof header);
  std::memcpy(control + CMSG_LEN(0), fds, payload);
  // The length and not the space: padding would count as one more descriptor where it fits one (docs/kernel.md 30).
  return CMSG_LEN(payload);
}

std::size_t adoptDescriptors(const unsigned char* control, std::size_t size, int socket, Ledger& ledger, int* fds,
                             std::size_t capacity) {
  const std::uint32_t source = ledger.sourceOf(socket);
  std::size_t count = 0;
  std::size_t offset = 0;
  // By hand and not with CMSG_NXTHDR, which reads cmsg_len of the next header before it checks where that header ends.
  while (size - offset >= CMSG_LEN(0)) {
    const std::size_t rest = size - offset;
    cmsghdr header;
    std::memcpy(&header, control + offset, sizeof header);
    const std::size_t declared = header.cmsg_len;
    if (declared < CMSG_LEN(0)) break;
    const std::size_t length = declared < rest ? declared : rest;

    const bool rights = header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_RIGHTS;
    const bool pidfd = header.cmsg_level == SOL_SOCKET && header.cmsg_type == kScmPidfd;
    if (rights || pidfd) {
      for (std::size_t at = CMSG_LEN(0); at + sizeof(int) <= length; at += sizeof(int)) {
        int fd;
        std::memcpy(&fd, control + offset + at, sizeof fd);
        // A slot may hold a negative errno instead of a descriptor; 0 is a descriptor (docs/kernel.md 12).
        if (fd < 0) continue;
        ledger.adopt(fd, Origin::received, source);
        // SCM_PIDFD installs a descriptor nobody asked this library for (docs/kernel.md 9).
        if (pidfd || count == capacity) ledger.close(fd);
        else fds[count++] = fd;
      }
    }

    if (declared >= rest) break;
    const std::size_t step = CMSG_SPACE(declared - CMSG_LEN(0));
    if (step >= rest) break;
    offset += step;
  }
  return count;
}

}  // namespace ancillary
