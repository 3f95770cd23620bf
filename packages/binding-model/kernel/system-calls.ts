/**
 * The system calls of the model, with their arguments and results. They are named and behave as in Linux; where a
 * call fails it throws a {@link KernelError} whose `code` is the errno's name. Arguments that no program in C could pass
 * are a TypeError or a RangeError, and nothing happens.
 */
export interface SystemCalls {
  /** Two connected sockets, neither of them close-on-exec or blocking. @throws EMFILE */
  socketpair(type: SocketType): [number, number];
  /** Opens a file that exists for its identity alone, to be passed around. @throws EMFILE */
  open(identity: string): number;
  /** Which open file a descriptor refers to: the name given to `open`, or the socket's own. @throws EBADF */
  identity(fd: number): string;
  /** Another descriptor of the same open file, with the lowest free number. @throws EBADF, EMFILE */
  dup(fd: number): number;
  /** @throws EBADF */
  close(fd: number): void;
  /**
   * @returns how many bytes were taken
   * @throws EAGAIN, EBADF, ECONNREFUSED, ECONNRESET, EINVAL, EMSGSIZE, ENOTCONN, EOPNOTSUPP, EPERM, EPIPE, ETOOMANYREFS,
   * and ENOTSOCK
   */
  sendmsg(fd: number, message: SendMessage): number;
  /** @throws EAGAIN, EBADF, ECONNRESET, EINVAL, EMSGSIZE (not on Linux), EOPNOTSUPP, ENOTSOCK */
  recvmsg(fd: number, request: ReceiveRequest): ReceivedMessage;
  /** @param value an `int`; options that are on or off are on with all but 0 @throws EBADF, ENOTSOCK, ENOPROTOOPT */
  setsockopt(fd: number, option: SocketOption, value: number): void;
  /** @throws EBADF, ENOTSOCK, ENOPROTOOPT */
  getsockopt(fd: number, option: SocketOption | 'SO_ERROR' | 'SO_TYPE'): number;
  /** @throws EBADF, EINVAL, ENOTSOCK */
  shutdown(fd: number, how: ShutdownHow): void;
  /** What poll(2) reports at once, with all events requested. @throws EBADF */
  poll(fd: number): Readiness;
  /**
   * Bytes that wait to be read (SIOCINQ); of a datagram socket, those of the next message; of a file that is no socket, 0,
   * since those that are opened here are empty.
   * @throws EBADF, with the syscall `'ioctl'`
   */
  inq(fd: number): number;
  /**
   * Memory that what was sent still occupies, as the kernel counts it (SIOCOUTQ).
   * @throws EBADF, and ENOTTY for what is no socket, with the syscall `'ioctl'`
   */
  outq(fd: number): number;
  /** Descriptor numbers must be below `limit` from now on (RLIMIT_NOFILE); those open already stay. */
  setFdLimit(limit: number): void;
}

export type SocketType = 'stream' | 'seqpacket' | 'dgram';

export type ShutdownHow = 'SHUT_RD' | 'SHUT_WR' | 'SHUT_RDWR';

export type SocketOption = 'SO_SNDBUF' | 'SO_PASSCRED' | 'SO_PASSPIDFD' | 'SO_PASSRIGHTS' | 'SO_OOBINLINE';

/** Flags of sendmsg and recvmsg, with Linux's numbers. Every call of the model is non-blocking and raises no signal. */
export const MSG_OOB = 0x1;
export const MSG_PEEK = 0x2;
/** To recvmsg of a datagram: return the message's length, not how much of it was copied. */
export const MSG_TRUNC = 0x20;

export interface SendMessage {
  readonly bytes: Uint8Array;
  /** Descriptors, one list for each SCM_RIGHTS control message. Borrowed. */
  readonly fds?: readonly (readonly number[])[] | undefined;
  /** An SCM_CREDENTIALS control message in front of the others. */
  readonly credentials?: Credentials | undefined;
  /** MSG_OOB; others are ignored. No call waits. */
  readonly flags?: number | undefined;
}

export interface ReceiveRequest {
  /** Bytes of room for data. */
  readonly size: number;
  /** Bytes of room for control messages. */
  readonly controlLength: number;
  /** MSG_OOB, MSG_PEEK and MSG_TRUNC; others, MSG_WAITALL among them, are ignored. No call waits. */
  readonly flags?: number | undefined;
}

export interface ReceivedMessage {
  readonly bytes: Uint8Array;
  /**
   * What the call returned. More than there are `bytes` with MSG_TRUNC of a datagram that was cut off, and 1 with MSG_OOB
   * even where there was no room for the byte.
   */
  readonly length: number;
  /** Descriptors of SCM_RIGHTS, installed in the table of the caller, who closes them. */
  readonly fds: readonly number[];
  /** MSG_CTRUNC. */
  readonly truncated: boolean;
  /** MSG_TRUNC. */
  readonly dataTruncated: boolean;
  /** The byte came out of line (MSG_OOB). */
  readonly outOfBand: boolean;
  /** SCM_CREDENTIALS, if SO_PASSCRED is on and there was room for all of it. */
  readonly credentials?: Credentials;
  /** SCM_PIDFD, if SO_PASSPIDFD is on: installed in the table of the caller, who closes it. */
  readonly pidfd?: number;
}

export interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** The events of poll(2) by their names. */
export interface Readiness {
  readonly in: boolean;
  readonly out: boolean;
  readonly pri: boolean;
  readonly err: boolean;
  readonly hup: boolean;
  readonly rdhup: boolean;
}

/** A system call failed. */
export class KernelError extends Error {
  override readonly name = 'KernelError';

  constructor(
    /** The errno's name, such as `'EAGAIN'`. */
    readonly code: string,
    /** The call that failed, such as `'sendmsg'`. */
    readonly syscall: string,
    /** What the reader may want to know beyond the two, such as which descriptor it is about. */
    readonly detail?: string,
  ) {
    super(`${syscall} ${code}${detail === undefined ? '' : `: ${detail}`}`);
  }
}
