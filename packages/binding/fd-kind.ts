/** What a descriptor is of. */
export type FdKind =
  | 'file'
  | 'directory'
  | 'memfd'
  | 'pipe'
  | 'unix-socket'
  | 'tcp-socket'
  | 'udp-socket'
  | 'socket'
  | 'character-device'
  | 'block-device'
  | 'symlink'
  | 'pidfd'
  | 'eventfd'
  | 'epoll'
  | 'other';

const WORD = /^(?:(pipe|socket|pidfd):|anon_inode:\[?([a-z]+))/;
const ANONYMOUS: Readonly<Record<string, FdKind>> = { pidfd: 'pidfd', eventfd: 'eventfd', eventpoll: 'epoll' };

/** What the kernel's name for a file tells of its kind: nothing where that is a path. Sockets are of several kinds. */
export function kindByName(name: string): FdKind | undefined {
  const [, kind, anonymous] = WORD.exec(name) ?? [];
  if (anonymous !== undefined) return ANONYMOUS[anonymous] ?? 'other';
  return kind as FdKind | undefined;
}
