import { FRAGMENT_BYTES, HEAD_BYTES, streamSegmentMemory } from './memory';
import type { ModelSocket } from './model-socket';
import { checkInFlight, type OutgoingMessage, putInFlight, writerOf } from './outgoing-message';
import { QueuedSegment } from './queued-segment';
import { KernelError, MSG_OOB } from './system-calls';

/** sendmsg on a stream. Returns how many bytes were taken. */
export function sendStream(socket: ModelSocket, message: OutgoingMessage): number {
  const outOfBand = (message.flags & MSG_OOB) !== 0;
  if (outOfBand && (message.bytes.length === 0 || socket.rules.name !== 'linux')) {
    throw new KernelError('EOPNOTSUPP', 'sendmsg');
  }
  const { peer } = socket;
  if (peer === undefined) throw new KernelError('ENOTCONN', 'sendmsg');
  if (socket.writeShutdown) throw new KernelError('EPIPE', 'sendmsg');
  const inLine = message.bytes.length - (outOfBand ? 1 : 0);
  let sent = 0;
  try {
    if (inLine === 0 && message.files.length > 0 && socket.rules.sendsWithoutBytes) queue(socket, peer, message, 0, 0);
    while (sent < inLine) sent += queue(socket, peer, message, sent, inLine).bytes.length;
    if (outOfBand) {
      // docs/kernel.md 26: the last byte, in a segment of its own.
      peer.outOfBand = queue(socket, peer, message, sent, sent + 1);
      sent++;
    }
  } catch (error) {
    // docs/kernel.md 18: once some bytes were taken, the count of them is the answer.
    if (sent === 0 || !(error instanceof KernelError)) throw error;
  }
  return sent;
}

/** Queues one segment of what lies between `start` and `end`. Only the first one carries descriptors (17). */
function queue(
  socket: ModelSocket,
  peer: ModelSocket,
  message: OutgoingMessage,
  start: number,
  end: number,
): QueuedSegment {
  const length = segmentLength(socket, end - start);
  if (length === 0 && end > start) throw new KernelError('EAGAIN', 'sendmsg');
  if (start === 0) {
    checkInFlight(message);
    // docs/kernel.md 21
    if (message.files.length > 0 && !peer.passRights) throw new KernelError('EPERM', 'sendmsg');
  }
  const segment = new QueuedSegment(
    // Not slice, which for a Buffer is a view of what the caller may overwrite.
    new Uint8Array(message.bytes.subarray(start, start + length)),
    writerOf(message, socket, peer),
    start === 0 ? putInFlight(message) : undefined,
    socket.rules.room === 'memory' ? streamSegmentMemory(length) : length,
    socket,
    peer.bytesQueued,
  );
  peer.queue.push(segment);
  peer.unreadEstimate += length;
  peer.bytesQueued += length;
  return segment;
}

/** Where room is counted in bytes, a send waits until so many are free, or as many as it needs. */
const LOW_WATER_MARK = 2048;

/** How many of `length` bytes the next segment takes; 0 when there is no room. */
function segmentLength(socket: ModelSocket, length: number): number {
  if (socket.rules.room === 'bytes') {
    const room = socket.sendBuffer - socket.memory;
    return room < Math.min(length, LOW_WATER_MARK) ? 0 : Math.min(length, room);
  }
  // docs/kernel.md 19: the last segment may exceed the buffer.
  if (socket.memory >= socket.sendBuffer) return 0;
  // docs/kernel.md 17
  return Math.min(length, Math.floor(socket.sendBuffer / 2) - 64, HEAD_BYTES + FRAGMENT_BYTES);
}
