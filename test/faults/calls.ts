/** The system calls that shim.c can have fail, in its order. */
export const CALLS = [
  'accept4',
  'bind',
  'chmod',
  'close',
  'connect',
  'epoll_create1',
  'epoll_ctl',
  'fchmod',
  'fcntl',
  'flock',
  'fstat',
  'ftruncate',
  'getrlimit',
  'getsockname',
  'getsockopt',
  'ioctl',
  'listen',
  'lseek',
  'memfd_create',
  'open',
  'peek',
  'pipe2',
  'poll',
  'pthread_create',
  'pwrite',
  'read',
  'readlink',
  'recvmsg',
  'send',
  'sendmsg',
  'setsockopt',
  'shutdown',
  'socket',
  'socketpair',
  'statx',
  'close_range',
  'uv_poll_init',
  'write',
] as const;

export type CallName = (typeof CALLS)[number];

/** What goes wrong in the calls numbered `from` up to `to`, in order of time. */
export interface Fault {
  readonly call: CallName;
  readonly from: number;
  readonly to: number;
  /**
   * `errno`: it fails with `value`. `short`: it transfers at most `value` bytes. `truncated`: a recvmsg has room for `value`
   * descriptors. `nothing`: a recvmsg says that the stream has ended.
   */
  readonly action: 'errno' | 'short' | 'truncated' | 'nothing';
  readonly value: number;
}

export function show({ call, from, to, action, value }: Fault): string {
  const which = to - from === 1 ? `number ${from}` : `from number ${from} on`;
  return `${call} ${which}: ${action} ${value}`;
}
