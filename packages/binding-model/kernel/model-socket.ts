import type { KernelRules } from './kernel-rules';
import { LARGEST_SEND_BUFFER_ASKED, MEMORY_BASE, SMALLEST_SEND_BUFFER } from './limits';
import type { QueuedSegment } from './queued-segment';
import type { Readiness, SocketType } from './system-calls';

/** One end of a pair of connected sockets: what waits to be received here, and what was set. */
export class ModelSocket {
  readonly queue: QueuedSegment[] = [];
  /** Undefined once this end was released, or, of a datagram socket, once it found the other end gone. */
  peer: ModelSocket | undefined;
  /** Nobody can reach it any more. */
  dead = false;
  readShutdown = false;
  writeShutdown = false;
  /** An errno's name that the next call takes (SO_ERROR). */
  error: string | undefined;
  /** What our unreceived segments occupy, see memory.ts. */
  memory = 0;
  passCredentials = false;
  passPidfd = false;
  passRights = true;
  outOfBandInline = false;
  /** The segment sent out of band last, until it is received or passed over (docs/kernel.md 26). */
  outOfBand: QueuedSegment | undefined;
  /** What SIOCINQ returns of a stream: an out-of-band byte that was skipped counts for ever (docs/kernel.md 33). */
  unreadEstimate = 0;
  /** Bytes of the stream towards this end that entered the queue so far. */
  bytesQueued = 0;
  #sendBuffer: number;

  constructor(
    readonly type: SocketType,
    readonly identity: string,
    readonly rules: KernelRules,
    sendBuffer: number,
  ) {
    this.#sendBuffer = rules.room === 'memory' ? Math.max(sendBuffer, SMALLEST_SEND_BUFFER) : sendBuffer;
  }

  /** SO_SNDBUF as getsockopt returns it. */
  get sendBuffer(): number {
    return this.#sendBuffer;
  }

  /** Sets SO_SNDBUF: Linux keeps twice what it is given, and no less than it needs for two small segments. */
  setSendBuffer(bytes: number): void {
    this.#sendBuffer = Math.max(2 * Math.min(bytes, LARGEST_SEND_BUFFER_ASKED), SMALLEST_SEND_BUFFER);
  }

  /** Whether a receiver here gets to know who wrote each segment. */
  get tellsWriters(): boolean {
    return this.passCredentials || this.passPidfd;
  }

  /** What SIOCINQ returns (docs/kernel.md 33). */
  get inputLength(): number {
    switch (this.type) {
      case 'stream':
        return this.unreadEstimate;
      case 'seqpacket':
        return this.queue.reduce((sum, { unread }) => sum + unread, 0);
      case 'dgram':
        return this.queue[0]?.unread ?? 0;
    }
  }

  takeError(): string | undefined {
    const { error } = this;
    this.error = undefined;
    return error;
  }

  /** Takes a segment out of the queue without freeing it. */
  unlink(segment: QueuedSegment): void {
    const index = this.queue.indexOf(segment);
    if (index !== -1) this.queue.splice(index, 1);
  }

  next(segment: QueuedSegment): QueuedSegment | undefined {
    return this.queue[this.queue.indexOf(segment) + 1];
  }

  shutdown(read: boolean, write: boolean): void {
    this.readShutdown ||= read;
    this.writeShutdown ||= write;
    if (read && this.rules.shutdownDrops) this.purge();
    if (this.type === 'dgram' || this.peer === undefined) return;
    this.peer.readShutdown ||= write;
    this.peer.writeShutdown ||= read;
  }

  /** docs/kernel.md 27: writable again when three quarters of the send buffer are free. */
  poll(): Readiness {
    return {
      in: this.readShutdown || this.queue.length > 0,
      out: (this.memory + MEMORY_BASE) * 4 <= this.#sendBuffer,
      pri: this.outOfBand !== undefined,
      err: this.error !== undefined,
      hup: this.readShutdown && this.writeShutdown,
      rdhup: this.readShutdown,
    };
  }

  /** The last reference is gone (docs/kernel.md 13). */
  release(): void {
    this.dead = true;
    this.readShutdown = this.writeShutdown = true;
    this.outOfBand = undefined;
    const { peer } = this;
    this.peer = undefined;
    if (peer !== undefined && this.type !== 'dgram') {
      peer.readShutdown = peer.writeShutdown = true;
      if (this.#hasUnread()) peer.error = 'ECONNRESET';
    }
    this.purge();
  }

  /** Drops all that waits here. */
  purge(): void {
    for (const segment of this.takeQueue()) segment.free();
  }

  /** All that waits here, for the caller to free. */
  takeQueue(): QueuedSegment[] {
    this.unreadEstimate = 0;
    return this.queue.splice(0);
  }

  /** One empty segment does not count: the mark of an out-of-band byte, or an empty message (docs/kernel.md 13). */
  #hasUnread(): boolean {
    const first = this.queue[0];
    return first !== undefined && (first.unread > 0 || this.queue.length > 1);
  }
}
