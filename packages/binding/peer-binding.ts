import type { OwnedFd } from './owned-fd';

/** The process at the other end, as it was when it connected, called listen(2) or made the pair (docs/kernel.md 55). */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * What the kernel says of the process at the other end of a connected socket, by the socket's descriptor; undefined where it
 * does not say. @throws system errors
 */
export interface PeerBinding {
  credentials(socket: number): PeerCredentials;
  /** Its supplementary groups. */
  groups(socket: number): readonly number[] | undefined;
  /** A new descriptor of the process; the caller owns it. */
  pidfd(socket: number): OwnedFd | undefined;
  /** What a security module calls it. */
  label(socket: number): string | undefined;
}
