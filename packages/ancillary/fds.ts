import fs from 'node:fs';
import net from 'node:net';
import { AncillaryError, describeValue, invalidType, OwnedFd, requireObject } from '../binding';
import { addon, checked, nativeBinding } from '../binding-native';
import { type FdLike, MAX_FDS_PER_SENDMSG, numberOf } from '../stream';
import { describeFd, type FdInfo, type FdKind } from './describe-fd';
import { functionsFor } from './file-access';
import { NET_SOCKET_KINDS, requireNetSocket } from './net-socket-kinds';

export { describeFd, type FdInfo, type FdKind };

/** The most descriptors one sendmsg carries (docs/kernel.md 14). */
export const SCM_MAX_FD = MAX_FDS_PER_SENDMSG;

/** A pipe: what is written to the second is read from the first. Close-on-exec. @throws EMFILE */
export function pipe(): [OwnedFd, OwnedFd] {
  const pair = new Int32Array(2);
  checked(addon.pipe(pair), 'pipe2');
  return [ofLedger(pair[0]), ofLedger(pair[1])];
}

export interface MemfdOptions {
  /** Seal it, so that neither size nor content can change any more and a receiver can map it without fear. */
  seal?: boolean;
}

/**
 * An anonymous file in memory with the data given, positioned at its start. Close-on-exec.
 * @param name for /proc only; need not be unique
 * @throws TypeError; EMFILE, ENOMEM; EINVAL for a name longer than 249 bytes
 */
export function memfd(name: string, data?: Uint8Array, options: MemfdOptions = {}): OwnedFd {
  if (typeof name !== 'string') throw invalidType(`a memfd's name is a string, not ${describeValue(name)}`);
  requireObject('options', options);
  // Options in its place would give an empty file, and no seal.
  if (data !== undefined && !(data instanceof Uint8Array)) {
    throw invalidType(`a memfd's data is a Uint8Array, not ${describeValue(data)}`);
  }
  const fd = ofLedger(checked(addon.memfd(name, true, data ?? new Uint8Array()), 'memfd_create'));
  try {
    if (options.seal === true) {
      const { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE } = addon.constants;
      checked(addon.addSeals(fd.fd, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 'fcntl');
    }
    return fd;
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** A second descriptor of the same open file, close-on-exec; the source is borrowed. @throws EBADF, EMFILE */
export function dup(source: FdLike): OwnedFd {
  return OwnedFd.ofLedger(nativeBinding.descriptors.dup(numberOf(source)), nativeBinding.descriptors);
}

/**
 * Makes a net.Socket of a connected TCP or Unix stream socket, or of a pipe. Takes the descriptor over; on failure it
 * stays as it was. A Unix socket loses descriptors this way: use adopt() for those.
 * @throws ERR_FD_KIND; ERR_FD_PLATFORM in runtimes whose net.Socket takes no such descriptor; EBADF
 */
export function toSocket(fd: number | OwnedFd, options: Omit<net.SocketConstructorOpts, 'fd'> = {}): net.Socket {
  const info = ofKind(fd, NET_SOCKET_KINDS, 'a net.Socket');
  if (info.listening === true) throw wrongKind(info, 'a net.Socket', 'it is listening: use toServer()');
  requireNetSocket(info.kind);
  const readable = info.access !== 'write';
  const writable = info.access !== 'read';
  return new net.Socket({ readable, writable, ...options, fd: take(fd) });
}

/** Makes a net.Server of a listening TCP or Unix socket; takes it over as {@link toSocket} does. */
export function toServer(fd: number | OwnedFd, options: net.ServerOpts = {}): net.Server {
  const info = ofKind(fd, ['tcp-socket', 'unix-socket'], 'a net.Server');
  if (info.listening !== true) throw wrongKind(info, 'a net.Server', 'it is not listening');
  return net.createServer(options).listen({ fd: take(fd) });
}

/** Makes a stream that reads on from where the file stands; takes the descriptor over as {@link toSocket} does. */
export function toReadStream(fd: number | OwnedFd): fs.ReadStream {
  const info = ofKind(fd, STREAMABLE, 'an fs.ReadStream');
  if (info.access === 'write') throw wrongKind(info, 'an fs.ReadStream', 'it is open for writing only');
  return fs.createReadStream('', { ...functionsFor(info.fd), fd: take(fd), autoClose: true });
}

/** Makes a stream that writes on from where the file stands; takes the descriptor over as {@link toSocket} does. */
export function toWriteStream(fd: number | OwnedFd): fs.WriteStream {
  const info = ofKind(fd, STREAMABLE, 'an fs.WriteStream');
  if (info.access === 'read') throw wrongKind(info, 'an fs.WriteStream', 'it is open for reading only');
  return fs.createWriteStream('', { ...functionsFor(info.fd), fd: take(fd), autoClose: true });
}

const STREAMABLE: readonly FdKind[] = ['file', 'memfd', 'pipe', 'character-device', 'block-device'];

function ofKind(fd: number | OwnedFd, kinds: readonly FdKind[], what: string): FdInfo {
  const info = describeFd(fd);
  if (info.access === 'path') throw wrongKind(info, what, 'it was opened with O_PATH');
  if (!kinds.includes(info.kind)) throw wrongKind(info, what);
  return info;
}

function wrongKind(info: FdInfo, what: string, why?: string): AncillaryError {
  const reason = why === undefined ? '' : `: ${why}`;
  return new AncillaryError(
    'ERR_FD_KIND',
    `a ${info.kind} (${info.path ?? '?'}) makes no ${what.replace(/^an? /, '')}${reason}`,
  );
}

function take(fd: number | OwnedFd): number {
  // Adopting checks that no OwnedFd or FdSocket holds the number: it would be closed twice.
  return (typeof fd === 'number' ? OwnedFd.adopt(fd) : fd).take();
}

function ofLedger(fd: number | undefined): OwnedFd {
  return OwnedFd.ofLedger(fd ?? -1, nativeBinding.descriptors);
}
