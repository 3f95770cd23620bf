/** SCM_MAX_FD: descriptors of one sendmsg (docs/kernel.md 14). */
export const SCM_MAX_FD = 253;
/** net.core.wmem_default: SO_SNDBUF of a new socket. */
export const DEFAULT_SEND_BUFFER = 212_992;
/** net.core.wmem_max since Linux 6.18; a SO_SNDBUF that is asked for is cut to this, then doubled. */
export const LARGEST_SEND_BUFFER_ASKED = 4_194_304;
/** SOCK_MIN_SNDBUF. */
export const SMALLEST_SEND_BUFFER = 4608;
/** The kernel's count of a socket's memory starts at 1, and poll compares it as it is. */
export const MEMORY_BASE = 1;
/** What user and group are told as when there is none to tell (overflowuid). */
export const NOBODY = 65_534;
/** The number of no user and no group, (uid_t) -1. */
export const NO_ID = 0xffff_ffff;
