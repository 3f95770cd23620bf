/** All kinds that {@link FdKind} has. */
export const FD_KINDS = {
  file: true,
  directory: true,
  memfd: true,
  pipe: true,
  'unix-socket': true,
  'tcp-socket': true,
  'udp-socket': true,
  socket: true,
  'character-device': true,
  'block-device': true,
  symlink: true,
  pidfd: true,
  eventfd: true,
  epoll: true,
  other: true,
} as const;

/** What a descriptor is of. */
export type FdKind = keyof typeof FD_KINDS;

const WORD = /^(?:(pipe|socket|pidfd):|anon_inode:\[?([a-z]+))/;
const ANONYMOUS: Readonly<Record<string, FdKind>> = { pidfd: 'pidfd', eventfd: 'eventfd', eventpoll: 'epoll' };

/** What the kernel's name for a file tells of its kind: nothing where that is a path. Sockets are of several kinds. */
export function kindByName(name: string): FdKind | undefined {
  const [, kind, anonymous] = WORD.exec(name) ?? [];
  if (anonymous !== undefined) return ANONYMOUS[anonymous] ?? 'other';
  return kind as FdKind | undefined;
}
