import { constants } from 'node:os';
import type { CallName, Fault } from './calls';

/** An errno that a call may fail with, or another action. */
interface Kind {
  readonly action: Fault['action'];
  readonly value: number;
  /** The exchange goes through all the same. */
  readonly harmless: boolean;
  /** Also tried for all calls from one on. What says "again" is left out there: a program does try again, for ever. */
  readonly lasting: boolean;
}

const { EAGAIN, EINTR } = constants.errno;
// Not among Node's names.
const ETOOMANYREFS = 109;
const ERRNO: Readonly<Record<string, number>> = { ...constants.errno, ETOOMANYREFS };

/** Names of errnos, those first with which the exchange goes through. */
function errnos(harmless: string, others = ''): Kind[] {
  const of = (names: string, isHarmless: boolean) =>
    names.split(' ').flatMap((name): Kind[] => {
      if (name === '') return [];
      const value = ERRNO[name];
      if (value === undefined) throw new Error(`there is no ${name}`);
      const again = value === EAGAIN || value === EINTR || (isHarmless && value !== ERRNO['ENOSYS']);
      return [{ action: 'errno', value, harmless: isHarmless, lasting: !again }];
    });
  return [...of(harmless, true), ...of(others, false)];
}

const short = (value: number): Kind => ({ action: 'short', value, harmless: true, lasting: true });
const truncated = (value: number): Kind => ({ action: 'truncated', value, harmless: false, lasting: true });

/** From the man pages, unix(7), and net/unix/af_unix.c: what each call may answer, a security module's refusal included. */
export const FAULTS: Readonly<Record<CallName, readonly Kind[]>> = {
  accept4: errnos(
    'EAGAIN EINTR ECONNABORTED EMFILE ENFILE ENOMEM ENOBUFS',
    'EPERM EACCES EINVAL EBADF EOPNOTSUPP EPROTO',
  ),
  bind: errnos('', 'EADDRINUSE EACCES EPERM EROFS ENOENT ENOTDIR ELOOP ENOMEM EINVAL EINTR ENOSPC'),
  chmod: errnos('', 'EPERM EACCES EROFS ENOENT EIO'),
  close: errnos('', 'EINTR EIO ENOSPC EDQUOT'),
  connect: errnos('EAGAIN', 'EINTR ECONNREFUSED ENOENT EACCES EPERM EPROTOTYPE ENOMEM'),
  epoll_create1: errnos('', 'EMFILE ENFILE ENOMEM'),
  epoll_ctl: errnos('', 'ENOMEM ENOSPC EPERM'),
  fchmod: errnos('', 'EPERM EROFS EIO EINVAL'),
  fcntl: errnos('', 'EMFILE EINVAL EPERM EACCES'),
  flock: errnos('EAGAIN', 'EINTR ENOLCK EINVAL'),
  fstat: errnos('', 'ENOMEM EOVERFLOW EACCES'),
  ftruncate: errnos('', 'EINTR EFBIG EIO EPERM'),
  getrlimit: errnos('EPERM'),
  getsockname: errnos('', 'ENOBUFS EACCES'),
  getsockopt: errnos('', 'ENOPROTOOPT ENOMEM EACCES'),
  ioctl: errnos('', 'ENOTTY EINVAL EPERM EMFILE'),
  listen: errnos('', 'EADDRINUSE EOPNOTSUPP EACCES'),
  lseek: errnos('', 'ESPIPE EOVERFLOW'),
  memfd_create: errnos('', 'EMFILE ENFILE ENOMEM EINVAL EACCES'),
  open: errnos('', 'EMFILE ENFILE ENOMEM EACCES ENOENT EINTR'),
  peek: [...errnos('EAGAIN EINTR', 'ENOMEM ECONNRESET'), short(1)],
  pipe2: errnos('', 'EMFILE ENFILE'),
  poll: errnos('EINTR ENOMEM'),
  pthread_create: errnos('EAGAIN EPERM'),
  pwrite: [...errnos('', 'EIO ENOSPC EINTR EPERM'), short(1)],
  read: [...errnos('', 'EIO EINTR'), short(1)],
  readlink: errnos('', 'EACCES ENOENT ENOMEM'),
  recvmsg: [
    ...errnos('EAGAIN EINTR', 'ECONNRESET ENOMEM ENOBUFS EIO EPERM EFAULT ENOTCONN EBADF'),
    short(1),
    truncated(0),
    truncated(2),
    { action: 'nothing', value: 0, harmless: false, lasting: true },
  ],
  // For want of memory, or with too many descriptors in flight, sending is tried again.
  send: [...errnos('EAGAIN EINTR ENOBUFS ENOMEM', 'EPIPE ECONNRESET EPERM EACCES ENOTCONN EBADF'), short(1)],
  sendmsg: [
    ...errnos(
      'EAGAIN EINTR ETOOMANYREFS ENOBUFS ENOMEM EMSGSIZE',
      'EPIPE ECONNRESET EPERM EACCES EINVAL ENOTCONN EBADF',
    ),
    short(1),
  ],
  setsockopt: errnos('', 'ENOPROTOOPT ENOMEM EPERM EINVAL'),
  shutdown: errnos('', 'EACCES'),
  socket: errnos('', 'EMFILE ENFILE ENOMEM EACCES EAFNOSUPPORT'),
  socketpair: errnos('', 'EMFILE ENFILE ENOMEM EACCES'),
  statx: errnos('ENOSYS EPERM', 'ENOMEM EACCES EBADF'),
  close_range: errnos('ENOSYS EPERM EINVAL'),
  uv_poll_init: errnos('', 'ENOMEM ENOSPC EPERM EMFILE'),
  write: [...errnos('', 'EIO ENOSPC'), short(1)],
};

/** A fault, and whether the exchange must go through all the same. */
export interface Case extends Fault {
  readonly harmless: boolean;
}

/** Every fault at every call that an exchange made so often, once and from there on. */
export function allCases(calls: ReadonlyMap<CallName, number>): Case[] {
  return [...calls].flatMap(([call, count]) =>
    FAULTS[call].flatMap(({ action, value, harmless, lasting }) =>
      Array.from({ length: count }, (_, from) => from).flatMap((from): Case[] => [
        { call, from, to: from + 1, action, value, harmless },
        ...(lasting ? [{ call, from, to: 0x7fffffff, action, value, harmless } as const] : []),
      ]),
    ),
  );
}

/** Of all the faults, once at every call each kind of ending: the first harmless and the first other errno, and all that is no errno. */
export function selection(cases: readonly Case[]): Case[] {
  const seen = new Set<string>();
  return cases.filter(({ call, from, to, action, value, harmless }) => {
    if (to !== from + 1) return false;
    const kind = action === 'errno' ? harmless : `${action} ${value}`;
    const key = `${call} ${from} ${kind}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
