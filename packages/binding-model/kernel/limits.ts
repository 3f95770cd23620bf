/** SCM_MAX_FD: descriptors of one sendmsg (docs/kernel.md 14). */
export const SCM_MAX_FD = 253;
/** net.core.wmem_default: SO_SNDBUF of a new socket. */
export const DEFAULT_SEND_BUFFER = 212_992;
/** net.core.wmem_max since Linux 6.18; setsockopt cuts SO_SNDBUF to this, then doubles it. */
export const LARGEST_SEND_BUFFER_ASKED = 4_194_304;
/** SOCK_MIN_SNDBUF. */
export const SMALLEST_SEND_BUFFER = 4608;
/** The kernel's count of a socket's memory starts at 1, and poll compares it as it is. */
export const MEMORY_BASE = 1;
/** The user and group that stand for an unknown one (overflowuid). */
export const NOBODY = 65_534;
/** The number of no user and no group, (uid_t) -1. */
export const NO_ID = 0xffff_ffff;
