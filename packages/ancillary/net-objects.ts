import {
  createServer,
  type OnReadOpts,
  type Server,
  type ServerOpts,
  Socket,
  type SocketConstructorOpts,
} from 'node:net';
import { describeValue, invalidType, invalidValue, type OwnedFd, requireObject } from '../binding';
import { addon } from '../binding-native';
import { throwIfAborted } from '../stream';
import type { FdInfo } from './describe-fd';
import { NET_SOCKET_KINDS, requireNetSocket } from './net-socket-kinds';
import { handOver, requireKind, wrongKind } from './require-kind';

/** What `new net.Socket()` takes, without the descriptor itself. */
export type ToSocketOptions = Omit<SocketConstructorOpts, 'fd'> & { onread?: OnReadOpts | undefined };

/**
 * Makes a net.Socket of a connected TCP or Unix stream socket, or of a pipe. Takes the descriptor over; on failure it
 * stays as it was. A Unix socket loses descriptors this way: use adopt() for those. libuv makes the socket or pipe
 * non-blocking, for all who have the same open file: toReadStream() and toWriteStream() of a pipe do not.
 * @throws ERR_FD_KIND; ERR_FD_PLATFORM in runtimes whose net.Socket takes no such descriptor; EBADF; TypeError for options;
 * AbortError for a signal that is aborted already
 */
export function toSocket(fd: number | OwnedFd, options: ToSocketOptions = {}): Socket {
  const info = requireKind(fd, NET_SOCKET_KINDS, 'a net.Socket');
  if (info.listening === true) throw wrongKind(info, 'a net.Socket', 'it is listening: use toServer()');
  requireStream(info, 'a net.Socket');
  requireNetSocket(info.kind);
  const readable = info.access !== 'write';
  const writable = info.access !== 'read';
  const checked = checkedOptions(options);
  return handOver(fd, (number) => new Socket({ readable, writable, ...checked, fd: number }));
}

/**
 * Makes a net.Server of a listening TCP or Unix stream socket; takes it over as {@link toSocket} does. In a worker of
 * node:cluster it is that worker's alone.
 */
export function toServer(fd: number | OwnedFd, options: ServerOpts = {}): Server {
  const info = requireKind(fd, ['tcp-socket', 'unix-socket'], 'a net.Server');
  if (info.listening !== true) throw wrongKind(info, 'a net.Server', 'it is not listening');
  requireStream(info, 'a net.Server');
  requireObject('options', options);
  const server = createServer(options);
  // A cluster's primary would otherwise be asked to listen on what has that number there.
  return handOver(fd, (number) => server.listen({ fd: number, exclusive: true }));
}

/** Node tells of datagram and seqpacket sockets, which it cannot take, when it has the descriptor, or never. */
function requireStream(info: FdInfo, what: string): void {
  const { SO_TYPE, SOCK_STREAM } = addon.constants;
  if (info.kind === 'pipe' || addon.getSocketOption(info.fd, SO_TYPE) === SOCK_STREAM) return;
  throw wrongKind(info, what, 'it is not a stream socket; raw.sendMessage() and raw.receiveMessage() take it');
}

/** What net.Socket checks only when it has the descriptor already, which nobody would close then. */
function checkedOptions(options: ToSocketOptions): ToSocketOptions {
  requireObject('options', options);
  // Getters run here, not in net.Socket.
  const copy: ToSocketOptions & Readonly<Record<string, unknown>> = { ...options };
  for (const name of ['fd', 'handle', 'destroy', 'construct']) {
    if (copy[name] !== undefined) throw invalidValue(`toSocket() takes no option ${name}: it would not be closed then`);
  }
  throwIfAborted(copy.signal);
  return copy.onread === undefined ? copy : { ...copy, onread: checkedOnread(copy.onread) };
}

/** net.Socket calls a function for the first memory when it has the descriptor, so it is called here before. */
function checkedOnread(onread: OnReadOpts): OnReadOpts {
  requireObject('onread', onread);
  const copy = { ...onread };
  if (typeof copy.callback !== 'function') {
    throw invalidType('onread.callback is a function');
  }
  const { buffer } = copy;
  let first: Uint8Array | undefined = typeof buffer === 'function' ? buffer() : buffer;
  if (!(first instanceof Uint8Array)) {
    throw invalidType(`onread.buffer is a Uint8Array, or a function that returns one, not ${describeValue(first)}`);
  }
  if (typeof buffer !== 'function') return copy;
  copy.buffer = () => {
    const memory = first ?? buffer();
    first = undefined;
    return memory;
  };
  return copy;
}
