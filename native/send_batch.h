#pragma once

#include <cstddef>

namespace ancillary {

/** Bytes and the borrowed descriptors that ride on the first of them. */
struct SendPart {
  const unsigned char* bytes;
  std::size_t size;
  const int* fds;
  std::size_t fdCount;
  /** It is sent with the part before, as far as one sendmsg takes both. */
  bool goesOn;
};

struct Sent {
  /** Bytes of the parts, in order, that the kernel accepted. */
  std::size_t accepted;
  /** The negative errno that stopped it, -EAGAIN after a short count, or 0. */
  int error;
};

/**
 * Sends as much as the socket takes now. A part with descriptors has a sendmsg to itself, so that the receiver finds
 * them in a segment of that part's bytes only; plain neighbours share one.
 */
Sent sendBatch(int socket, const SendPart* parts, std::size_t count);

}  // namespace ancillary
