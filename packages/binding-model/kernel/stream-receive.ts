import type { Ancillary } from './control-buffer';
import type { ModelSocket } from './model-socket';
import type { OpenFile } from './open-file';
import { passOutOfBand, receiveOutOfBand } from './out-of-band';
import type { QueuedSegment } from './queued-segment';
import { type Credentials, MSG_OOB, MSG_PEEK, type ReceiveRequest } from './system-calls';
import type { Taken } from './taken';
import type { Stretch } from './trace';

/** recvmsg on a stream. */
export function receiveStream(socket: ModelSocket, request: ReceiveRequest): Taken {
  const flags = request.flags ?? 0;
  const peeking = (flags & MSG_PEEK) !== 0;
  if ((flags & MSG_OOB) !== 0) return receiveOutOfBand(socket, request.size, peeking);
  const read = new StreamRead(request.size);
  if (peeking) peek(socket, read);
  else take(socket, read);
  return read.taken();
}

/** What one read gathered so far. */
class StreamRead {
  readonly #chunks: Uint8Array[] = [];
  #left: number;
  copied = 0;
  error: string | undefined;
  files: readonly OpenFile[] | undefined;
  #writer: Ancillary['writer'] = 'nobody';
  #stretch: Stretch | undefined;

  constructor(size: number) {
    this.#left = size;
  }

  get full(): boolean {
    return this.#left === 0;
  }

  /** docs/kernel.md 9: bytes of different writers are not joined where the receiver wants to know them. */
  accepts(segment: QueuedSegment, socket: ModelSocket): boolean {
    if (this.#writer !== 'nobody') return sameWriter(this.#writer, segment.writer);
    if (socket.tellsWriters) this.#writer = segment.writer;
    return true;
  }

  copy(segment: QueuedSegment): number {
    const chunk = segment.peek(this.#left).slice();
    const { start } = segment.stretch;
    this.#stretch = { start: this.#stretch?.start ?? start, end: start + chunk.length };
    this.#chunks.push(chunk);
    this.copied += chunk.length;
    this.#left -= chunk.length;
    return chunk.length;
  }

  taken(): Taken {
    const bytes = new Uint8Array(this.copied);
    let end = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, end);
      end += chunk.length;
    }
    return {
      bytes,
      length: end,
      ...(this.#stretch && { stretch: this.#stretch }),
      ancillary: { files: this.files, writer: this.#writer },
      dataTruncated: false,
      outOfBand: false,
      ...(this.error !== undefined && { error: this.error }),
    };
  }
}

function take(socket: ModelSocket, read: StreamRead): void {
  do {
    const segment = passOutOfBand(socket, socket.queue[0], read.copied > 0, false);
    if (segment === undefined) {
      endOfQueue(socket, read);
      return;
    }
    if (isBarrier(socket, segment) && read.copied > 0) return;
    if (!read.accepts(segment, socket)) return;
    const count = read.copy(segment);
    segment.consume(count);
    socket.unreadEstimate -= count;
    // docs/kernel.md 4: descriptors come with the first part of their segment, be it of 0 bytes (34).
    const files = segment.takeFiles();
    read.files = files ?? read.files;
    if (segment.unread > 0) return;
    socket.unlink(segment);
    segment.free();
    // docs/kernel.md 2: the barrier.
    if (socket.rules.barrier === 'after' && files !== undefined) return;
  } while (!read.full);
}

/** docs/kernel.md 11: goes on without room, up to and including a segment with descriptors, and duplicates them. */
function peek(socket: ModelSocket, read: StreamRead): void {
  let at = socket.queue[0];
  do {
    const segment = passOutOfBand(socket, at, read.copied > 0, true);
    if (segment === undefined) {
      endOfQueue(socket, read);
      return;
    }
    if (isBarrier(socket, segment) && read.copied > 0) return;
    if (!read.accepts(segment, socket)) return;
    read.copy(segment);
    if (segment.files !== undefined && socket.rules.barrier === 'after') {
      read.files = segment.files.map((file) => file.hold());
      return;
    }
    at = socket.next(segment);
  } while (at !== undefined);
}

/** docs/kernel.md 24: on other kernels than Linux a read stops in front of descriptors. */
function isBarrier(socket: ModelSocket, segment: QueuedSegment): boolean {
  return socket.rules.barrier === 'before' && segment.files !== undefined;
}

/** docs/kernel.md 13: an error that waits comes after what was queued, and once; then the end, for ever. */
function endOfQueue(socket: ModelSocket, read: StreamRead): void {
  if (read.copied > 0 || read.files !== undefined) return;
  read.error = socket.takeError() ?? (socket.readShutdown ? undefined : 'EAGAIN');
}

function sameWriter(a: Credentials | undefined, b: Credentials | undefined): boolean {
  return a?.pid === b?.pid && a?.uid === b?.uid && a?.gid === b?.gid;
}
