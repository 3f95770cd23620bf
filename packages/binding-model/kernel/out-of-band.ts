import type { ModelSocket } from './model-socket';
import type { QueuedSegment } from './queued-segment';
import { KernelError } from './system-calls';
import type { Taken } from './taken';

/**
 * The segment at which a plain read goes on, given the one it has come to (docs/kernel.md 26). An out-of-band byte ends
 * a read that has bytes already; at the front it is passed over, and its descriptors are dropped, unless it is to come
 * in line. One that was received out of band has left an empty segment behind, the mark.
 */
export function passOutOfBand(
  socket: ModelSocket,
  segment: QueuedSegment | undefined,
  hasBytes: boolean,
  peeking: boolean,
): QueuedSegment | undefined {
  // Other kernels have no bytes out of band, and an empty segment there is one that carries descriptors alone.
  if (socket.rules.name !== 'linux') return segment;
  let current = segment;
  if (current !== undefined && current.unread === 0) {
    // The mark ends a read too, unless another out-of-band byte came since.
    if (hasBytes && socket.outOfBand === undefined) return undefined;
    const mark = current;
    current = socket.next(mark);
    if (!peeking) discard(socket, mark);
  }
  if (current === undefined || current !== socket.outOfBand) return current;
  if (hasBytes) return undefined;
  if (peeking) return socket.outOfBandInline ? current : socket.next(current);
  socket.outOfBand = undefined;
  if (socket.outOfBandInline) return current;
  discard(socket, current);
  return socket.queue[0];
}

/**
 * recvmsg with MSG_OOB: the byte alone, which is lost where there is no room for it. Its descriptors stay with the mark,
 * and are dropped with it.
 */
export function receiveOutOfBand(socket: ModelSocket, size: number, peeking: boolean): Taken {
  if (socket.rules.name !== 'linux') throw new KernelError('EOPNOTSUPP', 'recvmsg');
  const { outOfBand } = socket;
  if (outOfBand === undefined || socket.outOfBandInline) throw new KernelError('EINVAL', 'recvmsg');
  const bytes = outOfBand.peek(Math.min(size, 1)).slice();
  const { stretch } = outOfBand;
  if (!peeking) {
    socket.outOfBand = undefined;
    socket.unreadEstimate--;
    const before = socket.queue[socket.queue.indexOf(outOfBand) - 1];
    if (before?.unread === 0) discard(socket, before);
    outOfBand.consume(1);
  }
  return { bytes, length: 1, stretch, dataTruncated: false, outOfBand: true };
}

function discard(socket: ModelSocket, segment: QueuedSegment): void {
  socket.unlink(segment);
  segment.free();
}
