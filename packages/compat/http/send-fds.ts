import type { ClientRequest, ServerResponse } from 'node:http';
import {
  AncillaryError,
  counted,
  describeValue,
  invalidType,
  outOfRange,
  OwnedFd,
  requireDescriptors,
} from '../../binding';
import { asError, type FdLike, FdSocket, MAX_FDS_PER_SENDMSG } from '../../stream';
import { copies, owners } from '../owners';

/** How descriptors are sent with a message of http. */
export interface SendFdsOptions {
  /** Closes each when it was sent, or could not be. */
  readonly transfer?: boolean | undefined;
}

/** What the next bytes that are written to a socket carry. */
const waiting = new WeakMap<FdSocket, OwnedFd[]>();

type WriteCallback = (error?: Error | null) => void;

/**
 * Sends descriptors with a request of an FdAgent, or with an answer of `serveHttp()`: on the next bytes of the message that are
 * written, which are those of its head if none was written yet. They may be closed as soon as this returns; with `transfer` each
 * number and OwnedFd is closed when sent or failed. If no byte of the message follows, it is destroyed with ERR_FD_WITHOUT_BYTES.
 * @throws TypeError; RangeError for more than 253; ERR_FD_KIND where the connection carries none; ERR_FD_WITHOUT_BYTES once the
 * message has ended; ERR_FD_CLOSED, ERR_FD_BUSY and EBADF for descriptors. Nothing is sent or closed then
 */
export function sendFds(
  message: ClientRequest | ServerResponse,
  fds: readonly FdLike[],
  { transfer = false }: SendFdsOptions = {},
): void {
  requireDescriptors(fds);
  requireRoom(fds.length);
  if (typeof (message as ClientRequest | null | undefined)?.flushHeaders !== 'function')
    throw invalidType(`message is a ClientRequest or a ServerResponse, not ${describeValue(message)}`);
  const { socket } = message;
  const assigned = socket !== null && (socket as unknown) !== undefined;
  if (message.destroyed || message.writableFinished || (assigned && message.writableEnded)) {
    throw new AncillaryError(
      'ERR_FD_WITHOUT_BYTES',
      'the message has ended, so no byte of it is left to carry descriptors; nothing was closed',
    );
  }
  if (assigned) requireCarrying(socket);
  const carried = transfer ? owners(fds) : copies(fds);
  message.once('close', () => OwnedFd.closeAll(carried));
  // Before http has its turn, which goes on with the next message on the connection at once.
  message.prependOnceListener('finish', () => takeBack(message, carried));
  if (assigned) carry(socket as unknown as FdSocket, carried);
  else message.once('socket', (given: unknown) => carryLater(message, given, carried));
}

/** No byte followed that could have carried them, such as of a body of which all was written: the next ones are another message's. */
function takeBack(message: ClientRequest | ServerResponse, fds: readonly OwnedFd[]): void {
  const next = message.socket instanceof FdSocket ? waiting.get(message.socket) : undefined;
  const left = new Set(fds);
  const unsent = next?.filter((fd) => left.has(fd) && !fd.closed) ?? [];
  if (next === undefined || unsent.length === 0) return;
  next.splice(0, next.length, ...next.filter((fd) => !left.has(fd)));
  OwnedFd.closeAll(unsent);
  message.destroy(
    new AncillaryError(
      'ERR_FD_WITHOUT_BYTES',
      `no byte of the message was written after ${counted(unsent.length, 'descriptor')} of it, which had to be carried by one; all were closed`,
    ),
  );
}

/** The connection is known only now. */
function carryLater(message: ClientRequest | ServerResponse, socket: unknown, fds: OwnedFd[]): void {
  try {
    requireCarrying(socket);
    carry(socket, fds);
  } catch (error) {
    OwnedFd.closeAll(fds);
    message.destroy(asError(error));
  }
}

function requireCarrying(socket: unknown): asserts socket is FdSocket {
  if (socket instanceof FdSocket) return;
  const message = `the connection of the message, ${describeValue(socket)}, carries no descriptors: use FdAgent, or serveHttp()`;
  throw new AncillaryError('ERR_FD_KIND', message);
}

function requireRoom(count: number): void {
  if (count <= MAX_FDS_PER_SENDMSG) return;
  throw outOfRange(
    `the next bytes of a message carry ${MAX_FDS_PER_SENDMSG} descriptors at most, not ${counted(count, 'descriptor')}`,
  );
}

function carry(socket: FdSocket, fds: readonly OwnedFd[]): void {
  let next = waiting.get(socket);
  if (next === undefined) {
    next = [];
    waiting.set(socket, next);
    carryOnWrites(socket, next);
  }
  requireRoom(next.length + fds.length);
  next.push(...fds);
}

/** http writes by write() alone. */
function carryOnWrites(socket: FdSocket, next: OwnedFd[]): void {
  const write = socket.write.bind(socket);
  socket.write = (chunk: unknown, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean => {
    const codec = typeof encoding === 'string' ? encoding : 'utf8';
    const tell = typeof encoding === 'function' ? encoding : callback;
    if (next.length === 0) return write(chunk, codec, tell);
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, codec) : (chunk as Uint8Array);
    if (bytes.length === 0) return write(bytes, tell);
    // Those of a message that was destroyed meanwhile are closed.
    const fds = next.splice(0).filter(({ closed }) => !closed);
    if (fds.length === 0 || socket.destroyed || socket.writableEnded) {
      OwnedFd.closeAll(fds);
      return write(bytes, tell);
    }
    const carrying = typeof chunk === 'string' ? endOfHead(bytes) : bytes.length;
    try {
      if (carrying === bytes.length) return socket.writeFds(bytes, fds, { transfer: true }, tell);
      socket.writeFds(bytes.subarray(0, carrying), fds, { transfer: true });
      return write(bytes.subarray(carrying), tell);
    } catch (error) {
      OwnedFd.closeAll(fds);
      throw error;
    }
  };
}

/**
 * http writes a head and a body of text as one string. Whoever receives them in one piece is told of the head before the last
 * byte, to which the descriptors belong: so they go with the head alone. A body that looks like it is only sent in two pieces.
 */
function endOfHead(bytes: Uint8Array): number {
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(END_OF_HEAD);
  return end === -1 ? bytes.length : end + END_OF_HEAD.length;
}

/** RFC 9112, section 2.1. */
const END_OF_HEAD = '\r\n\r\n';
