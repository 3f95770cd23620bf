import { loadAddon } from './load-addon';

/**
 * The addon's exports, exactly as native/addon.cc defines them. It returns errnos and never builds an error: a
 * function that returns a number answers a value >= 0, or a negative errno.
 */
export interface Addon {
  /** Which sources a prebuilt binary was built from. */
  readonly builtFrom: string;
  /** How it waits for descriptors. */
  readonly poller: 'libuv' | 'thread';

  // The ledger: descriptors that JavaScript must close. What it still holds when the environment ends is closed.
  /** -EBADF when not open, -EEXIST when it has an owner in this process. */
  own(fd: number): number;
  /** -EBADF when it is not in the ledger. */
  disown(fd: number): number;
  /** Strikes off and closes; what a peer may have chosen is closed by a thread. */
  close(fd: number): number;
  /** {@link close} for the first `count` of {@link closeFds}. */
  closeAll(count: number): void;
  readonly closeFds: Int32Array;
  /** Keeps what file it is of, for {@link closeForgotten}. */
  remember(fd: number): number;
  /** {@link close}, or -ESTALE, with nothing closed, where the number is of another file than it was. */
  closeForgotten(fd: number): number;
  /** How many numbers were lost: they entered the ledger while they were in it, so somebody else had closed them. */
  readonly lostCount: Int32Array;
  /** The index-th of these, from 0. */
  lostNumber(index: number): number;
  /**
   * Waits, blocking, until all is closed that threads of this process close; false after so many naps of a millisecond in
   * which nothing was. For tests.
   */
  settleClosing(naps: number): boolean;
  /**
   * Whether threads of this process still have to close a descriptor of a file, or may be at it. Takes st_dev and st_ino,
   * its own note, 0 at first, and answers how many they have closed and how many not yet.
   */
  stillCloses(watched: BigUint64Array): boolean;
  /** F_DUPFD_CLOEXEC from 0 up; the copy is in the ledger. */
  dup(fd: number): number;

  // New descriptors, all close-on-exec and in the ledger. Pairs come back in the array.
  pipe(pair: Int32Array): number;
  socketpair(pair: Int32Array): number;
  /** A file in memory that holds the data, and zeros up to a size, positioned at its start. */
  memfd(name: string, allowSealing: boolean, data: Uint8Array, size: number): number;
  /** eventfd(2), with EFD_SEMAPHORE and EFD_NONBLOCK. `initial` has 32 bits. */
  eventfd(initial: number, semaphore: boolean, nonBlocking: boolean): number;
  /** AF_UNIX, SOCK_STREAM, non-blocking. */
  socket(): number;
  /** The same of SOCK_DGRAM. */
  datagramSocket(): number;

  // Unix addresses: bytes as in sun_path, abstract ones with their leading zero byte. -EINVAL for an empty one,
  // -ENAMETOOLONG when it does not fit sun_path (a path needs its terminating zero, an abstract name none).
  bind(fd: number, address: Uint8Array): number;
  /** fchmod(2). */
  setMode(fd: number, mode: number): number;
  connect(fd: number, address: Uint8Array): number;
  listen(fd: number, backlog: number): number;
  /** The bytes of sun_path as the kernel returns them (without a path's terminating zero), or a negative errno. */
  localAddress(fd: number): Buffer | number;
  peerAddress(fd: number): Buffer | number;
  /**
   * An O_PATH descriptor, in the ledger, of the file that a socket is bound to (SIOCUNIXFILE), or where that is not
   * permitted, of what stands at the path: a symbolic link itself. And its st_dev, st_ino, st_mode and st_nlink.
   */
  openSocketFile(socket: number, path: Uint8Array, into: BigUint64Array): number;
  /** chmod(2) of exactly the file that an O_PATH descriptor is of. */
  setFileMode(file: number, mode: number): number;
  /** flock(2) with LOCK_EX | LOCK_NB; -EAGAIN when somebody else holds it. */
  lock(fd: number): number;

  // What a descriptor is.
  /** fcntl(F_GETFL). */
  statusFlags(fd: number): number;
  /** fcntl(F_GETFD). */
  descriptorFlags(fd: number): number;
  /** Clears O_NONBLOCK, which all descriptors of the open file share. */
  setBlocking(fd: number): number;
  /** st_dev of all files that memfd_create(2) makes and of no others (docs/kernel.md 51), or a negative errno. */
  memfdDevices(): bigint[] | number;
  /** F_ADD_SEALS / F_GET_SEALS of a memfd, as the kernel's bits. */
  addSeals(fd: number, seals: number): number;
  getSeals(fd: number): number;
  /** An int option of SOL_SOCKET by its number. */
  getSocketOption(fd: number, option: number): number;
  setSocketOption(fd: number, option: number, value: number): number;
  /** fstat(2): st_dev, st_ino, st_mode and st_size. */
  stat(fd: number, into: BigUint64Array): number;
  /** Where reading goes on, by lseek(2), which moves nothing. */
  position(fd: number): number;
  /** What /proc/self/fd says it is, or a negative errno. */
  procLink(fd: number): string | number;
  /** One read(2) or write(2) on the thread pool; the callback gets a count or a negative errno. */
  readFile(fd: number, memory: Uint8Array, callback: (result: number) => void): void;
  writeFile(fd: number, memory: Uint8Array, callback: (result: number) => void): void;
  /** close(2) there of what nobody owns any more; the callback gets 0 or a negative errno. */
  closeFile(fd: number, callback: (result: number) => void): void;
  /**
   * One read or write that does not wait, whatever O_NONBLOCK says; -EOPNOTSUPP where the kernel cannot (docs/kernel.md 53).
   * @param ours it is of {@link openOwnFile}
   */
  readNow(fd: number, memory: Uint8Array, ours: boolean): number;
  writeNow(fd: number, memory: Uint8Array, ours: boolean): number;
  /**
   * Another open file of a named pipe or of the terminal of a pty, in non-blocking mode, which is in the ledger then; a negative
   * errno, -EOPNOTSUPP for everything else (docs/kernel.md 59).
   */
  openOwnFile(fd: number, writing: boolean): number;
  /** shutdown(SHUT_WR). */
  shutdown(fd: number): number;
  /** Whether the peer closed both directions, as poll(2) reports it now; false for what is not open. */
  hungUp(fd: number): boolean;
  /** SIOCINQ; 0 for what is not open. */
  unread(fd: number): number;
  /** SIOCOUTQ; 0 for what is not open. */
  unsent(fd: number): number;
  /** SO_PEERCRED into [pid, uid, gid]. */
  peerCredentials(fd: number, into: Int32Array): number;
  /** SO_PEERGROUPS, or a negative errno. */
  peerGroups(fd: number): number[] | number;
  /** SO_PEERPIDFD: a new descriptor, in the ledger. */
  peerPidfd(fd: number): number;
  /** SO_PEERSEC without a terminating zero, or a negative errno. */
  peerLabel(fd: number): string | number;
  /** geteuid(2). */
  effectiveUser(): number;
  /** Local or remote address of an AF_INET or AF_INET6 socket as `address:port` (`[address]:port`), or a negative errno. */
  inetAddress(fd: number, remote: boolean): string | number;
  /** The kernel's numbers, for the calls above. */
  readonly constants: Readonly<
    Record<
      | 'SO_TYPE'
      | 'SO_DOMAIN'
      | 'SO_ACCEPTCONN'
      | 'SO_SNDBUF'
      | 'SO_RCVBUF'
      | 'SO_OOBINLINE'
      | 'SO_PASSRIGHTS'
      | 'SOCK_STREAM'
      | 'SOCK_DGRAM'
      | 'SOCK_SEQPACKET'
      | 'AF_UNIX'
      | 'AF_INET'
      | 'AF_INET6'
      | 'O_ACCMODE'
      | 'O_RDONLY'
      | 'O_WRONLY'
      | 'O_RDWR'
      | 'O_PATH'
      | 'F_SEAL_SEAL'
      | 'F_SEAL_SHRINK'
      | 'F_SEAL_GROW'
      | 'F_SEAL_WRITE'
      | 'F_SEAL_FUTURE_WRITE'
      | 'MSG_CTRUNC'
      | 'MSG_TRUNC'
      | 'MSG_CMSG_CLOEXEC'
      | 'SCM_MAX_FD',
      number
    >
  >;

  // One non-blocking system call each (MSG_DONTWAIT), for any AF_UNIX socket.
  /** Bytes sent. Descriptors are borrowed. */
  sendMessage(fd: number, bytes: Uint8Array, fds: readonly number[]): number;
  /**
   * Bytes received, with a control buffer that holds all the kernel can send. Every descriptor of SCM_RIGHTS is in the
   * ledger and in `readFds`; SCM_PIDFD's is closed. `readState[0]` is their number, `readState[1]` msg_flags without
   * MSG_CMSG_CLOEXEC.
   */
  receiveMessage(fd: number, buffer: Uint8Array): number;

  // What one wake-up read, shared by all sockets of the environment and valid only during the callback (or right
  // after receiveMessage); copy out before anything else runs.
  /** Four numbers a segment: offset in the slab, length, number of descriptors, and marks (SegmentRecord in receive_pump.h). */
  readonly readSegments: Uint32Array;
  /** The descriptors of all segments, in order. */
  readonly readFds: Int32Array;
  readonly readState: Int32Array;

  // Shared by all sockets too: crossing into C++ with a typed array costs a fraction of crossing with an Array.
  /** Filled before {@link sendOne}; as long as SCM_MAX_FD. */
  readonly sendFds: Int32Array;
  /** The negative errno that ended the last send of any socket, or 0. */
  readonly sendState: Int32Array;

  // Handles: sockets and listeners that are polled on the environment's loop. Each is named by the number of its
  // descriptor. With a number that is no open handle of the kind asked for nothing happens, and of what is sent nothing is
  // accepted, with -EBADF in {@link sendState}.
  /**
   * Takes a connected socket over (struck off the ledger); sets O_NONBLOCK and FD_CLOEXEC. 0, or a negative errno when it
   * cannot be polled (-EEXIST: another handle of this loop polls that number); it then stays with the caller.
   */
  openSocket(fd: number, callbacks: SocketCallbacks): number;
  /** Whether it is a socket that {@link connect} connected or a listener accepted, and that nobody took over since. */
  isConnected(fd: number): boolean;
  /** The same for a listening socket; accepting is off at first. */
  openListener(fd: number, callbacks: ListenerCallbacks): number;
  /**
   * Watches a descriptor that is not taken over, for reading or for writing. Returns the number of a handle, which is to be
   * closed before the descriptor is; -EPERM for one that is always ready, such as a file, or another negative errno.
   */
  openReadiness(fd: number, writable: boolean, callbacks: ReadinessCallbacks): number;
  /** Asks for one {@link ReadinessCallbacks.ready}; meanwhile the handle keeps the loop running. 0, or a negative errno. */
  awaitReady(handle: number): number;
  /** The number was told to others, who may have made descriptors of the same socket. */
  lend(fd: number): void;
  /** Closes the descriptor, on a thread if it holds what a peer sent; no callback follows. */
  closeHandle(fd: number): void;
  /** Whether it keeps the loop running while it waits for something; true at first. */
  setRef(fd: number, on: boolean): void;

  /**
   * Reads again after {@link SocketCallbacks.read} told of -EAGAIN or -EMFILE. Like all that changes what is polled, it returns 0,
   * or the negative errno for which the descriptor cannot be polled.
   */
  resumeReading(fd: number): number;
  /** @param look LookAhead::Extent by its number; default: nothing */
  allowReading(fd: number, bytes: number, fds: number, look?: number): number;
  /** Reads go to the start of this memory from now on, one segment for each callback, instead of into the slab. */
  readInto(fd: number, memory: Buffer): void;
  /** Reads go to this memory, one after the other, until it is full, and to the slab again afterwards. */
  fill(fd: number, memory: Buffer): void;
  /**
   * Sends bytes with the first `fdCount` descriptors of {@link sendFds}. Returns the bytes accepted, and
   * {@link sendState} says why it stopped early.
   */
  sendOne(fd: number, bytes: Uint8Array, fdCount: number): number;
  /**
   * Sends the parts in order: `bytes[i]` with the next `fdCounts[i]` of `fds`, or where that is -1, in the sendmsg of the part
   * before. Returns as {@link sendOne}.
   */
  sendMany(fd: number, bytes: readonly Uint8Array[], fdCounts: readonly number[], fds: readonly number[]): number;
  watchWritable(fd: number): number;
  watchHangup(fd: number, holds: boolean): number;
  setAccepting(fd: number, on: boolean): number;
}

export interface SocketCallbacks {
  /**
   * One wake-up: `count` segments in `memory`, described in {@link Addon.readSegments}. `end` is 0 while the stream goes
   * on, 1 at end of file, a negative errno when recvmsg failed. With nothing read, -EAGAIN: too many descriptors that came
   * by this socket wait to be closed; -EMFILE: the process has too few numbers left for those that wait to be read. Without
   * memory, the socket cannot be polled any more.
   */
  read(memory: Buffer | undefined, count: number, end: number): void;
  writable(): void;
  hangup(): void;
}

export interface ListenerCallbacks {
  /** A connected socket, close-on-exec, non-blocking, in the ledger. */
  connection(fd: number): void;
  /** A negative errno; accepting was switched off. */
  failed(errno: number): void;
}

export interface ReadinessCallbacks {
  /** Reading or writing would not wait now, unless somebody else is faster. */
  ready(): void;
}

export const addon = loadAddon() as Addon;
