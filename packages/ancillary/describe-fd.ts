import fs from 'node:fs';
import { errnoName, type FdKind, kindByName, systemError } from '../binding';
import { addon, isMemfd, socketKind } from '../binding-native';
import { type FdLike, numberOf } from '../stream';
import { type Seal, sealsOf } from './seals';

const { S_IFMT, S_IFREG, S_IFDIR, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK, S_IFLNK } = fs.constants;

export interface FdInfo {
  fd: number;
  kind: FdKind;
  /** `'path'` for O_PATH, which opens no content. */
  access: 'read' | 'write' | 'read-write' | 'path';
  /** Device and inode: two descriptors with the same pair are of the same thing. */
  dev: bigint;
  ino: bigint;
  /** What /proc says it is: a path, or a word such as `pipe:[4026]`. Whoever made a file chose it, any character of it. */
  path?: string;
  /** Whether a socket is listening. */
  listening?: boolean;
  /** The socket's own address, and its peer's. An abstract name starts with `@`. */
  address?: string;
  peer?: string;
  /** Bytes, and position where reading goes on, of a file or memfd. */
  size?: bigint;
  position?: bigint;
  /** Seals of a memfd. */
  seals?: Seal[];
}

/**
 * Tells what a descriptor is. Borrows it and changes nothing.
 * @throws EBADF; TypeError; ERR_FD_CLOSED
 */
export function describeFd(source: FdLike): FdInfo {
  const fd = numberOf(source);
  const status = addon.statusFlags(fd);
  if (status < 0) throw systemError(errnoName(-status), 'fcntl', `descriptor ${fd}`);
  // Not by fs.fstatSync(): Deno refuses descriptors that it did not open.
  const stat = new BigUint64Array(4);
  const failure = addon.stat(fd, stat);
  if (failure < 0) throw systemError(errnoName(-failure), 'fstat', `descriptor ${fd}`);
  const [dev = 0n, ino = 0n, mode = 0n, size = 0n] = stat;
  const type = Number(mode) & S_IFMT;
  // Neither by node:fs: Deno without --allow-all keeps /proc from it.
  const link = addon.procLink(fd);
  const path = typeof link === 'string' ? link : undefined;
  const info: FdInfo = { fd, kind: kindOf(fd, type, dev, path), access: accessOf(status), dev, ino };
  if (path !== undefined) info.path = path;
  if (info.kind === 'file' || info.kind === 'memfd') Object.assign(info, { size, position: positionOf(fd) });
  if (info.kind === 'memfd') info.seals = sealsOf(fd);
  if (type === S_IFSOCK) describeSocket(fd, info);
  return info;
}

function kindOf(fd: number, type: number, dev: bigint, path: string | undefined): FdKind {
  if (type === S_IFREG) return isMemfd(dev, path) ? 'memfd' : 'file';
  if (type === S_IFDIR) return 'directory';
  if (type === S_IFIFO) return 'pipe';
  if (type === S_IFSOCK) return socketKind(fd);
  if (type === S_IFCHR) return 'character-device';
  if (type === S_IFBLK) return 'block-device';
  if (type === S_IFLNK) return 'symlink';
  return kindByName(path ?? '') ?? 'other';
}

function describeSocket(fd: number, info: FdInfo): void {
  info.listening = addon.getSocketOption(fd, addon.constants.SO_ACCEPTCONN) === 1;
  const [address, peer] =
    info.kind === 'unix-socket'
      ? [showUnix(addon.localAddress(fd)), showUnix(addon.peerAddress(fd))]
      : [addon.inetAddress(fd, false), addon.inetAddress(fd, true)];
  if (typeof address === 'string') info.address = address;
  if (typeof peer === 'string') info.peer = peer;
}

function showUnix(address: Buffer | number): string | undefined {
  if (typeof address === 'number' || address.length === 0) return undefined;
  return address[0] === 0 ? `@${address.toString('utf8', 1)}` : address.toString();
}

function accessOf(status: number): FdInfo['access'] {
  const { O_PATH, O_ACCMODE, O_RDONLY, O_WRONLY } = addon.constants;
  if ((status & O_PATH) !== 0) return 'path';
  const mode = status & O_ACCMODE;
  if (mode === O_RDONLY) return 'read';
  return mode === O_WRONLY ? 'write' : 'read-write';
}

function positionOf(fd: number): bigint | undefined {
  const position = addon.position(fd);
  return position < 0 ? undefined : BigInt(position);
}
