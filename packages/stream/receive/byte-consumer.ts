import type { Readable } from 'node:stream';
import { type Segment, systemError } from '../../binding';
import { asError } from '../abort';
import type { FdFrame } from '../frame';
import { keepsMuch } from './chunk';
import { type Consumer, type Demand, NO_DEMAND } from './consumer';
import { FrameReader, segmentFrames } from './frame-reader';
import type { Inbox } from './inbox';

/** While bytes flow, one read may bring so many times what may wait. */
const FLOWING = 4;

/**
 * Reads a socket as bytes. 'fds' is emitted just before the bytes that the descriptors came with, so those bytes are held
 * back until all before them have been read, or do not suffice for `read(size)`.
 */
export class ByteConsumer implements Consumer {
  /** Its users listen to 'error'. */
  readonly rejects = false;
  readonly #inbox: Inbox;
  readonly #readable: Readable;
  #wanted = false;
  /** `read(size)` found too few bytes, so what is buffered waits for those behind it. */
  #askedForMore = false;

  constructor(inbox: Inbox, readable: Readable) {
    this.#inbox = inbox;
    this.#readable = readable;
  }

  get name(): string {
    return `bytes ('data', pipe(), read() or for await of the socket)`;
  }

  /** The Duplex wants more; it calls again only after it was given some. */
  want(): void {
    this.#wanted = true;
    // Not within read(), which has yet to return what it took: descriptors must not overtake that.
    if (this.#inbox.queue.length > 0 || this.#inbox.end !== undefined) this.#advanceSoon();
    this.#inbox.resumeReading();
  }

  /** Bytes do not flow any more, so fewer may be read than {@link demand} said. */
  paused(): void {
    this.#inbox.updateAllowance();
  }

  /** The Duplex answered `read(size)`. */
  wasRead(size: number | undefined, nothing: boolean): void {
    const left = this.#readable.readableLength;
    // Bytes with descriptors wait until all before them were read, or do not suffice; either only shows here.
    if (size !== 0) this.#askedForMore = nothing && left > 0;
    const holding = this.#wanted && this.#inbox.queue.length > 0;
    if (holding && (left === 0 || this.#askedForMore)) process.nextTick(() => this.advance());
  }

  /** Plain bytes that are waited for go on as they came. */
  takeDirectly(segments: readonly Segment[]): boolean {
    const { queue } = this.#inbox;
    const [only] = segments;
    const plain = only !== undefined && segments.length === 1 && only.fds.length === 0 && !only.truncated;
    // What stands in the queue, descriptors above all, goes first.
    if (!plain || !this.#wanted || !queue.empty) return false;
    queue.passBy(only.bytes.length);
    this.#push(only.bytes);
    return true;
  }

  advance(): void {
    let done = false;
    try {
      this.#advance();
      done = true;
    } finally {
      // A listener of the user's threw: what is queued behind must not wait until more comes.
      if (!done) this.#advanceSoon();
    }
  }

  #advanceSoon(): void {
    process.nextTick(() => {
      this.advance();
      this.#inbox.resumeReading();
    });
  }

  #advance(): void {
    if (this.#wanted && this.#inbox.queue.length > 0 && !this.#handOut()) return;
    const { end, owner } = this.#inbox;
    if (!this.#wanted || end === undefined) return;
    this.#wanted = false;
    if (end === 'eof') owner.endReached();
    else owner.failed(systemError(end.error, 'recvmsg'));
  }

  /** Hands out segments as long as more is wanted. Returns false where one of them cannot be yet, or never. */
  #handOut(): boolean {
    const { queue, owner } = this.#inbox;
    // Made anew each time, since a segment is whole when it comes: between them there is nothing to remember.
    const reader = new FrameReader(this.#inbox, segmentFrames(queue));
    while (this.#wanted && queue.length > 0) {
      if (queue.hasFdsBefore(queue.start + queue.frontLength) && this.#unread()) return false;
      let frame: FdFrame | undefined;
      try {
        frame = reader.cut();
      } catch (error) {
        owner.failed(asError(error));
        return false;
      }
      if (frame === undefined) return false;
      this.#deliver(frame);
    }
    return true;
  }

  demand(): Demand {
    const { queue, limits } = this.#inbox;
    const room = limits.highWaterMark - queue.length;
    const fds = limits.maxQueuedFds - queue.fdCount;
    if (!this.#wanted || room <= 0 || fds <= 0) return NO_DEMAND;
    // What is emitted as it comes does not pile up, so as much as is there may come at once.
    const flows = queue.length === 0 && this.#flows;
    return { bytes: flows ? FLOWING * limits.highWaterMark : limits.highWaterMark, fds };
  }

  socketDestroyed(): void {
    this.#wanted = false;
  }

  /** Whether what is pushed is emitted at once. */
  get #flows(): boolean {
    return this.#readable.readableFlowing === true && this.#readable.readableLength === 0;
  }

  /** Whether bytes that were pushed wait to be read, and suffice to whoever reads. */
  #unread(): boolean {
    return !this.#askedForMore && this.#readable.readableLength > 0;
  }

  #deliver(frame: FdFrame): void {
    const withFds = frame.fds.length > 0 || frame.truncated;
    try {
      if (withFds && !this.#readable.emit('fds', frame)) {
        this.#inbox.discarder.discard(frame.fds, frame.range, 'no-listener');
      }
    } finally {
      this.#push(frame.bytes);
    }
  }

  #push(bytes: Buffer): void {
    this.#askedForMore = false;
    // What waits in the Readable must not keep much more memory than it is.
    const stays = this.#flows || !keepsMuch(bytes.length, bytes.buffer);
    this.#wanted = this.#readable.push(stays ? bytes : copyOf(bytes));
  }
}

/** In memory of its own: that of `Buffer.from()` is shared with whoever makes small Buffers. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
