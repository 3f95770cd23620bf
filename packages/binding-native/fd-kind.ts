import { type FdKind, kindByName } from '../binding';
import { addon } from './addon';
import { isMemfd } from './memfd-devices';

/** The kind of a descriptor, where it shows without waiting for who serves the file. Never throws. */
export function kindAtAGlance(fd: number, link: string): FdKind | undefined {
  const named = kindByName(link);
  if (named === 'socket') return socketKind(fd);
  if (named !== undefined) return named;
  // What can be sealed is in memory, and nobody serves it: its device can be asked for.
  if (addon.getSeals(fd) < 0) return undefined;
  const stat = new BigUint64Array(4);
  if (addon.stat(fd, stat) < 0) return undefined;
  try {
    return isMemfd(stat[0] ?? 0n, link) ? 'memfd' : undefined;
  } catch {
    return undefined;
  }
}

export function socketKind(fd: number): FdKind {
  const { SO_DOMAIN, SO_TYPE, AF_UNIX, AF_INET, AF_INET6, SOCK_STREAM, SOCK_DGRAM } = addon.constants;
  const domain = addon.getSocketOption(fd, SO_DOMAIN);
  if (domain === AF_UNIX) return 'unix-socket';
  if (domain !== AF_INET && domain !== AF_INET6) return 'socket';
  const type = addon.getSocketOption(fd, SO_TYPE);
  if (type === SOCK_STREAM) return 'tcp-socket';
  return type === SOCK_DGRAM ? 'udp-socket' : 'socket';
}
