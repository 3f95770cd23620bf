import { datagramFits, datagramMemory } from './memory';
import type { ModelSocket } from './model-socket';
import { checkInFlight, resolveMessage, putInFlight, writerOf } from './outgoing-message';
import { QueuedSegment } from './queued-segment';
import type { Sender } from './sender';
import { KernelError, MSG_OOB, MSG_PEEK, MSG_TRUNC, type ReceiveRequest, type SendMessage } from './system-calls';
import type { Taken } from './taken';

/** Bytes of the send buffer that no message may use. */
const RESERVED = 32;

/** sendmsg of a whole message, on SOCK_SEQPACKET and SOCK_DGRAM (docs/kernel.md 23). */
export function sendDatagram(socket: ModelSocket, request: SendMessage, sender: Sender): number {
  // A seqpacket socket reports an error before it looks at the message, a datagram one after.
  if (socket.type === 'seqpacket') throwError(socket, 'sendmsg');
  const message = resolveMessage(request, sender);
  const { length } = message.bytes;
  if ((message.flags & MSG_OOB) !== 0) throw new KernelError('EOPNOTSUPP', 'sendmsg');
  if (length > socket.sendBuffer - RESERVED) throw new KernelError('EMSGSIZE', 'sendmsg');
  throwError(socket, 'sendmsg');
  if (socket.writeShutdown) throw new KernelError('EPIPE', 'sendmsg');
  if (socket.memory >= socket.sendBuffer) throw new KernelError('EAGAIN', 'sendmsg');
  if (socket.rules.room === 'memory' && !datagramFits(length)) throw new KernelError('ENOBUFS', 'sendmsg');
  checkInFlight(message);
  const peer = receiverOf(socket);
  if (message.files.length > 0 && !peer.passRights) throw new KernelError('EPERM', 'sendmsg');
  const memory = socket.rules.room === 'memory' ? datagramMemory(length) : length;
  const writer = writerOf(message, socket, peer);
  peer.queue.push(new QueuedSegment(new Uint8Array(message.bytes), writer, putInFlight(message), memory, socket));
  return length;
}

/** A datagram socket whose other end is gone finds out by sending, and loses what waited for it. */
function receiverOf(socket: ModelSocket): ModelSocket {
  const { peer } = socket;
  if (peer === undefined) throw new KernelError('ENOTCONN', 'sendmsg');
  if (socket.type === 'dgram' && peer.dead) {
    socket.peer = undefined;
    socket.purge();
    throw new KernelError('ECONNREFUSED', 'sendmsg');
  }
  if (peer.readShutdown) throw new KernelError('EPIPE', 'sendmsg');
  return peer;
}

/** recvmsg of one message: what does not fit is dropped. */
export function receiveDatagram(socket: ModelSocket, { size, flags = 0 }: ReceiveRequest): Taken {
  if ((flags & MSG_OOB) !== 0) throw new KernelError('EOPNOTSUPP', 'recvmsg');
  // Unlike on a stream, an error comes before what is queued.
  throwError(socket, 'recvmsg');
  const message = socket.queue[0];
  if (message === undefined) {
    if (socket.type === 'seqpacket' && socket.readShutdown) {
      // No control message comes with the end.
      return { bytes: new Uint8Array(0), length: 0, dataTruncated: false, outOfBand: false };
    }
    throw new KernelError('EAGAIN', 'recvmsg');
  }
  const bytes = message.peek(size).slice();
  const taken = {
    bytes,
    length: (flags & MSG_TRUNC) === 0 ? bytes.length : message.bytes.length,
    dataTruncated: bytes.length < message.bytes.length,
    outOfBand: false,
  };
  const { writer } = message;
  if ((flags & MSG_PEEK) !== 0) {
    return { ...taken, ancillary: { files: message.files?.map((file) => file.hold()), writer } };
  }
  socket.queue.shift();
  const files = message.takeFiles();
  message.free();
  return { ...taken, ancillary: { files, writer } };
}

function throwError(socket: ModelSocket, syscall: string): void {
  const error = socket.takeError();
  if (error !== undefined) throw new KernelError(error, syscall);
}
