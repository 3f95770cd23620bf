import type { OwnedFd } from './owned-fd';

/**
 * Where a Unix socket is bound: a path in the file system, or a name in Linux's abstract namespace (unix(7)), which
 * is given without its leading zero byte.
 */
export type BoundAddress = { readonly path: string } | { readonly abstract: string };

/** What a listening socket reports. */
export interface ListenerEvents {
  /** One connected socket; the receiver of the event owns it. */
  connection(socket: OwnedFd): void;
  /** accept(2) failed with this errno; accepting is paused. */
  failed(error: string): void;
}

/** What threads of this process still have to close (docs/kernel.md 44), of which one file is watched. */
export interface WatchedCloses {
  /** Whether descriptors of the file are among it, or may be. Brings the numbers below up to date. */
  pending(): boolean;
  /** How many were closed so far, of whatever file, and how many were not yet. */
  readonly closed: number;
  readonly left: number;
}

/** A listening Unix stream socket. */
export interface ListenerHandle {
  readonly fd: number;
  /** Whether connections are accepted; false at first, while the kernel's backlog holds them. */
  accept(on: boolean): void;
  ref(): void;
  unref(): void;
  /** Closes the socket, or has a thread close it; no event comes afterwards. */
  close(): void;
}

/** A file that is held by an O_PATH descriptor, which says which one it is and permits nothing else. */
export interface SocketFile {
  readonly fd: OwnedFd;
  readonly dev: bigint;
  readonly ino: bigint;
  /** st_mode. */
  readonly mode: number;
  /** How many names it has. */
  readonly links: bigint;
}

/**
 * How Unix sockets meet, one system call each, so that the rules about stale paths, modes and retries can be read in
 * one place above. Calls that may fail for a reason the rules judge return the errno's name, or undefined.
 */
export interface ListeningBinding {
  /** A new Unix stream socket: non-blocking, close-on-exec. @throws system errors */
  socket(): OwnedFd;
  /**
   * A new Unix datagram socket, to ask whether a path is bound: connecting it to what is no datagram socket fails, and a
   * server does not notice (docs/kernel.md 41). @throws system errors
   */
  datagramSocket(): OwnedFd;
  /**
   * Has those who connect, or whom it connects to, refused when they send descriptors, from their first byte on, where the kernel
   * can: connections have it of the listening socket (docs/kernel.md 21).
   */
  refuseFds(socket: OwnedFd): void;
  /** Who this process acts as (geteuid(2)). */
  effectiveUser(): number;
  /** fchmod(2): before bind, the mode that the path will have, less the umask (docs/kernel.md 28). */
  setMode(socket: OwnedFd, mode: number): string | undefined;
  bind(socket: OwnedFd, address: BoundAddress): string | undefined;
  /**
   * The file that a socket was bound to at this path. Where the process may not ask for that (docs/kernel.md 42) it is what
   * stands at the path by now: a symbolic link itself, if it is one.
   */
  openSocketFile(socket: number, path: string): SocketFile | string;
  /** chmod(2) of exactly this file, wherever its path leads by now (docs/kernel.md 42). */
  setFileMode(file: SocketFile, mode: number): string | undefined;
  listen(socket: OwnedFd, backlog: number): string | undefined;
  connect(socket: OwnedFd, address: BoundAddress): string | undefined;
  /** Takes an advisory lock on an open file or directory without waiting: `'EAGAIN'` when somebody else holds it. */
  lock(fd: number): string | undefined;
  /** The address a socket is bound to, or undefined when it has none. @throws system errors */
  localAddress(fd: number): BoundAddress | undefined;
  /** Watches closes of the file that an open descriptor is of. */
  watchCloses(fd: number): WatchedCloses;
  /** Wraps a listening socket and takes it over. @throws ERR_FD_KIND; system errors */
  openListener(socket: OwnedFd, events: ListenerEvents): ListenerHandle;
}
