import { Readable } from 'node:stream';
import { AncillaryError, truthful } from '../../binding';
import { asError } from '../abort';
import type { FdFrame } from '../frame';
import { microtask, nextTick } from '../later';
import { type KeptSegment, lonePlain } from './bundle';
import { keepsMuch } from './chunk';
import { type Consumer, type Demand, FLOWING, NO_DEMAND } from './consumer';
import { segmentFrames, segmentFramesToAnchor } from './fixed-frames';
import { FrameReader } from './frame-reader';
import type { Inbox } from './inbox';
import { copyOf } from './own-memory';
import { UntakenFds } from './untaken-fds';

/**
 * Reads a socket as bytes. 'fds' is emitted just before the bytes that the descriptors came with, so those bytes are held
 * back until all before them have been read, or do not suffice for `read(size)`, and while nobody reads. So is the end of the
 * stream, whatever it is: what came before it can still be read, also in another way.
 */
export class ByteConsumer implements Consumer {
  /** Its users listen to 'error'. */
  readonly rejects = false;
  readonly #inbox: Inbox;
  readonly #readable: Readable;
  #wanted = false;
  /** `read(size)` found too few bytes, so what is buffered waits for those behind it. */
  #askedForMore = false;
  /** `read()` found nothing, and will be called again, as nothing tells when there is something. */
  #polled = false;
  #untaken: UntakenFds | undefined;
  /** Whether 'fds' is emitted just before the anchor byte, and not before the whole segment. */
  fdsAtAnchor = false;

  constructor(inbox: Inbox, readable: Readable) {
    this.#inbox = inbox;
    this.#readable = readable;
  }

  get name(): string {
    return `bytes ('data', pipe(), read() or for await of the socket)`;
  }

  get howToLeave(): string {
    return "remove its listeners for 'data' and 'readable', or unpipe()";
  }

  /** The Duplex wants more; it calls again only after it was given some. */
  want(): void {
    this.#wanted = true;
    if (!this.#reading) return;
    // Not within read(), which has yet to return what it took: descriptors must not overtake that.
    if (this.#inbox.queue.length > 0 || this.#inbox.end !== undefined) this.#advanceSoon();
    this.#inbox.resumeReading();
  }

  /** Bytes are read again: the Duplex calls no second time for what it was not given. */
  goOn(): void {
    if (this.#wanted) this.want();
  }

  /** Bytes do not flow any more, so fewer may be read than {@link demand} said. */
  paused(): void {
    this.#polled = false;
    // Whoever listens to 'readable' reads.
    if (this.#waiting) this.#advanceSoon();
    this.#inbox.updateAllowance();
  }

  /** Descriptors that no listener was given. */
  get untaken(): UntakenFds {
    this.#untaken ??= new UntakenFds(
      this.#inbox,
      () => this.#readUpTo,
      () => {
        // Behind 'discarded', which a microtask emits, comes the end of the stream.
        if (this.#waiting) microtask(() => this.advance());
      },
    );
    return this.#untaken;
  }

  leave(): boolean {
    const readable = this.#readable;
    if (readable.listenerCount('data') > 0 || readable.listenerCount('readable') > 0) return false;
    this.#requireBytes();
    return true;
  }

  /**
   * Puts what the Readable holds back in front of the queue, with the descriptors that came with it.
   * @throws ERR_FD_MODE
   */
  handBack(): void {
    const readable = this.#readable;
    if (readable.readableLength > 0) this.#requireBytes();
    // A flow that nobody listens to.
    if (readable.readableFlowing === true) {
      Readable.prototype.pause.call(readable);
      Reflect.set(readable, 'readableFlowing', null);
    }
    const bytes: Buffer[] = [];
    while (readable.readableLength > 0) {
      const part = Readable.prototype.read.call(readable) as Buffer | null;
      if (part === null) break;
      bytes.push(truthful(part));
    }
    const { queue } = this.#inbox;
    const start = queue.start - bytes.reduce((sum, { length }) => sum + length, 0);
    queue.unshift(bytes, this.#untaken?.takeBack(start) ?? []);
  }

  /** The socket is destroyed. */
  closeUntaken(): void {
    this.#untaken?.destroy();
  }

  /** The Duplex answered `read(size)`. */
  wasRead(size: number | undefined, nothing: boolean): void {
    const left = this.#readable.readableLength;
    // Bytes with descriptors wait until all before them were read, or do not suffice; either only shows here.
    if (size !== 0) {
      this.#askedForMore = nothing && left > 0;
      this.#polled = nothing && !this.#listened;
    }
    if (this.#waiting && (left === 0 || this.#askedForMore)) nextTick(() => this.advance());
    this.#untaken?.wasRead();
  }

  /** Plain bytes that are waited for go on as they came. */
  takeDirectly(segments: readonly KeptSegment[]): boolean {
    const { queue } = this.#inbox;
    const plain = lonePlain(segments);
    // What stands in the queue, descriptors above all, goes first.
    if (plain === undefined || !this.#wanted || !queue.empty) return false;
    queue.passBy(plain.bytes.length);
    this.#push(plain.bytes);
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
    nextTick(() => {
      this.advance();
      this.#inbox.resumeReading();
    });
  }

  #advance(): void {
    if (this.#reading && this.#wanted && this.#inbox.queue.length > 0 && !this.#handOut()) return;
    const { end, owner } = this.#inbox;
    if (!this.#reading || !this.#wanted || end === undefined) return;
    if (this.#unread() || this.#untaken?.closing === true) return;
    this.#wanted = false;
    if (end === 'eof') owner.endReached();
    else owner.failed(end);
  }

  /** Hands out segments as long as more is wanted. Returns false where one of them cannot be yet, or never. */
  #handOut(): boolean {
    const { queue, owner } = this.#inbox;
    // Made anew each time, since a segment is whole when it comes: between them there is nothing to remember.
    const frames = this.fdsAtAnchor ? segmentFramesToAnchor(queue) : segmentFrames(queue);
    const reader = new FrameReader(this.#inbox, frames);
    while (this.#wanted && queue.length > 0) {
      const withFds = queue.hasFdsBefore(queue.start + queue.frontLength);
      if (withFds && (this.#unread() || !(this.#listened || this.#polled))) return false;
      let frame: FdFrame | undefined;
      try {
        frame = reader.cut();
      } catch (error) {
        owner.failed(asError(error));
        return false;
      }
      if (frame === undefined) return false;
      this.#deliver(frame);
      if (!this.#reading) return false;
    }
    return true;
  }

  demand(): Demand {
    const { queue, limits } = this.#inbox;
    const room = limits.highWaterMark - queue.length;
    const fds = limits.maxQueuedFds - queue.fdCount - (this.#untaken?.count ?? 0);
    if (!this.#wanted || room <= 0 || fds <= 0) return NO_DEMAND;
    const flows = queue.length === 0 && this.#flows;
    return { bytes: flows ? FLOWING * limits.highWaterMark : limits.highWaterMark, fds, look: 'nothing' };
  }

  socketDestroyed(): void {
    this.#wanted = false;
  }

  /** Whether this is the way in which the socket is read now. */
  get #reading(): boolean {
    return this.#inbox.consumer === this;
  }

  /** Whether the Duplex wants what there is. */
  get #waiting(): boolean {
    return this.#wanted && (this.#inbox.queue.length > 0 || this.#inbox.end !== undefined);
  }

  /** Whether bytes flow, or somebody is told when there are some. */
  get #listened(): boolean {
    return this.readsOn || this.#readable.listenerCount('readable') > 0;
  }

  /** Up to where bytes were read; as text, up to where they were decoded. */
  get #readUpTo(): number {
    const { readableEncoding, readableLength } = this.#readable;
    return this.#inbox.queue.start - (readableEncoding === null ? readableLength : 0);
  }

  get readsOn(): boolean {
    return this.#readable.readableFlowing === true;
  }

  /** Whether what is pushed is emitted at once. */
  get #flows(): boolean {
    return this.readsOn && this.#readable.readableLength === 0;
  }

  /** Whether bytes that were pushed wait to be read, and suffice to whoever reads. */
  #unread(): boolean {
    return !this.#askedForMore && this.#readable.readableLength > 0;
  }

  /** @throws ERR_FD_MODE */
  #requireBytes(): void {
    if (this.#readable.readableEncoding === null) return;
    throw new AncillaryError(
      'ERR_FD_MODE',
      'bytes were read as text, since setEncoding() was called, and text cannot become frames: decode the bytes yourself',
    );
  }

  #deliver(frame: FdFrame): void {
    const withFds = frame.fds.length > 0 || frame.truncated;
    try {
      if (withFds && !this.#readable.emit('fds', frame)) this.untaken.add(frame);
    } finally {
      this.#push(frame.bytes);
    }
  }

  #push(bytes: Buffer): void {
    this.#askedForMore = false;
    this.#polled = false;
    // What waits in the Readable must not keep much more memory than it is.
    const stays = this.#flows || !keepsMuch(bytes.length, bytes.buffer);
    this.#wanted = this.#readable.push(stays ? bytes : copyOf(bytes));
  }
}
