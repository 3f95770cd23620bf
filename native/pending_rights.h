#pragma once

namespace ancillary {

/** Who else has the open file of a socket, as far as is known. */
enum class Sharing {
  /** Nobody, so that its receiving direction may be shut down. */
  alone,
  /** Maybe others; what comes between asking and closing is closed as well. */
  maybe,
};

/**
 * Whether a Unix stream socket's queue holds descriptors, or may, since a byte out of band hides what is behind it. Closing the
 * socket closes those, which may take as long as their sender likes (docs/kernel.md 44).
 */
bool holdsRights(int socket, Sharing sharing);

/** The same of a socket that goes on being read: an error that waits to be told stays. */
bool rightsWait(int socket);

bool isUnixSocket(int fd);

}  // namespace ancillary
