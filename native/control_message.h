#pragma once

#include <sys/socket.h>

#include <cstddef>

namespace ancillary {

class Ledger;

/** SCM_MAX_FD: descriptors in one sendmsg (docs/kernel.md 14). */
constexpr std::size_t kMaxFds = 253;

/**
 * Room for all the kernel can attach to one message: descriptors, SCM_CREDENTIALS, SCM_PIDFD and a security label.
 * Always the maximum, since what does not fit is closed by the kernel (docs/kernel.md 7), or leaks (24).
 */
constexpr std::size_t kReceiveControlSize =
    CMSG_SPACE(kMaxFds * sizeof(int)) + CMSG_SPACE(3 * sizeof(int)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(4096);

constexpr std::size_t kSendControlSize = CMSG_SPACE(kMaxFds * sizeof(int));

/** Writes one SCM_RIGHTS message of `count` <= kMaxFds descriptors into `control` and returns its size. */
std::size_t buildRights(unsigned char* control, const int* fds, std::size_t count);

/**
 * Enters every descriptor in control data that came by `socket` in the ledger and writes SCM_RIGHTS' to `fds`; returns how many.
 * Nothing in it is trusted: no length leads past `size`. What exceeds `capacity`, and SCM_PIDFD's, is closed again.
 */
std::size_t adoptDescriptors(const unsigned char* control, std::size_t size, int socket, Ledger& ledger, int* fds,
                             std::size_t capacity);

}  // namespace ancillary
