import type { Anchor, ByteRange } from '../../binding';
import {
  anchorOffset,
  type Bundle,
  type Claim,
  endingOffset,
  type FdBundle,
  type Truncation,
  type Writable,
} from './bundle';
import { giveBack, NO_BYTES, takeEmpty } from './byte-queue';
import { Fifo } from '../fifo';

/** Stays empty. */
const NO_BUNDLES = new Fifo<never>();
const NOTHING = Buffer.alloc(0);

/**
 * The ancillary-data queue: bytes in stream order, and beside them the descriptors with the windows they came in.
 * It does no I/O and closes nothing; whoever takes descriptors out owns them.
 *
 * On Linux one recvmsg may glue plain bytes in front of those that carry descriptors and stops right after them
 * (docs/kernel.md 2, 3), so of the window only the last byte surely belongs to them; BSD stops before them, so there
 * it is the first byte (docs/kernel.md 24).
 */
export class ReceiveQueue<Fd> {
  readonly #anchor: Anchor;
  // There are such only while they are needed: most of many sockets are idle, or see no descriptors.
  #bytes = NO_BYTES;
  #bundles: Fifo<FdBundle<Fd>> = NO_BUNDLES;
  #start = 0;
  #end = 0;
  #fdCount = 0;
  /** Whether the last segment came with descriptors. */
  #endsWithFds = false;
  #ahead: Buffer = NOTHING;
  #doubtUntil = 0;

  constructor(anchor: Anchor) {
    this.#anchor = anchor;
  }

  /** See {@link anchorOf}. */
  get anchor(): Anchor {
    return this.#anchor;
  }

  /** Offset of the first byte nobody took. */
  get start(): number {
    return this.#start;
  }

  /** Offset after the last byte received. */
  get end(): number {
    return this.#end;
  }

  /** Bytes held. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Descriptors held. */
  get fdCount(): number {
    return this.#fdCount;
  }

  /** Where the read began that brought the oldest descriptors; undefined where there are none. */
  get oldestFds(): number | undefined {
    if (this.#fdCount === 0) return undefined;
    for (const { fds, window } of this.#bundles) if (fds.length > 0) return window.start;
    return undefined;
  }

  /** Whether it holds no descriptors, and no mark of a truncation. */
  get plain(): boolean {
    return this.#bundles.length === 0;
  }

  /** Whether it holds nothing at all, no mark of a truncation either. */
  get empty(): boolean {
    return this.#start === this.#end && this.plain;
  }

  /** What is left of the segment at the front; 0 when the queue is empty. */
  get frontLength(): number {
    return this.#bytes.frontLength;
  }

  /**
   * Bytes that follow {@link end} and were not received yet, as the kernel showed them: up to where the message ends that the
   * next descriptors come with, or less. Mostly none.
   */
  get ahead(): Buffer {
    return this.#ahead;
  }

  set ahead(bytes: Buffer) {
    this.#ahead = bytes;
  }

  /** Up to here reaches a message whose descriptors were claimed for a frame before, and may be of another one. */
  get doubtUntil(): number {
    return this.#doubtUntil;
  }

  /** Notes that descriptors were claimed whose message reaches up to here. */
  doubt(until: number): void {
    if (until > this.#doubtUntil) this.#doubtUntil = until;
  }

  /**
   * Appends what one recvmsg returned; takes over the descriptors.
   * @param rest how many bytes of the message with the descriptors follow, as far as is known
   */
  push(bytes: Buffer, fds: Fd[], truncated: Truncation, rest = 0): void {
    if (this.#ahead.length > 0) this.#ahead = this.#ahead.subarray(bytes.length);
    const start = this.#end;
    const plain = fds.length === 0 && truncated === false;
    // Where the kernel would not have stopped, so that a frame for each segment stays what it could have been.
    const barrier = this.#anchor === 'last-byte' ? this.#endsWithFds : !plain;
    if (this.#bytes === NO_BYTES) this.#bytes = takeEmpty();
    this.#bytes.push(bytes, !barrier);
    this.#endsWithFds = !plain;
    this.#end = start + bytes.length;
    if (plain) return;
    const window = { start, end: this.#end };
    if (this.#bundles === NO_BUNDLES) this.#bundles = new Fifo();
    const reach = this.#end + rest;
    this.#bundles.push({ fds, window, anchor: this.#anchor, truncated, reach, closedEarly: undefined });
    this.#fdCount += fds.length;
  }

  /**
   * Puts bytes back in front, with those of the bundles they came with that are not claimed. Of bytes that never came the
   * offsets are such as those of bytes from before the first.
   */
  unshift(bytes: readonly Buffer[], bundles: readonly Bundle<Fd>[]): void {
    const length = bytes.reduce((sum, each) => sum + each.length, 0);
    const end = this.#start;
    if (length > 0) {
      if (this.#bytes === NO_BYTES) this.#bytes = takeEmpty();
      this.#start = end - length;
      const ends = bundles.map(
        ({ window }) => (this.#anchor === 'last-byte' ? window.end : window.start) - this.#start,
      );
      this.#bytes.unshift(bytes, length, [...ends.filter((at) => at > 0 && at < length), length]);
    }
    if (bundles.length === 0) return;
    if (this.#bundles === NO_BUNDLES) this.#bundles = new Fifo();
    for (const bundle of [...bundles].reverse()) {
      this.#bundles.unshift({ ...bundle, anchor: this.#anchor, reach: bundle.window.end, closedEarly: undefined });
      this.#fdCount += bundle.fds.length;
    }
  }

  /** Counts plain bytes that are taken as they come; to be done only while it is {@link empty}. */
  passBy(length: number): void {
    this.#ahead = NOTHING;
    this.#start += length;
    this.#end += length;
  }

  /** {@link ByteQueue.front} */
  get front(): Buffer {
    return this.#bytes.front;
  }

  /** {@link ByteQueue.frontStart} */
  get frontStart(): number {
    return this.#bytes.frontStart;
  }

  /** {@link ByteQueue.peek} */
  peek(need: number): Buffer {
    return this.#bytes.peek(need);
  }

  /** {@link ByteQueue.show} */
  show(length: number): Buffer {
    return this.#bytes.show(length);
  }

  /** {@link ByteQueue.take} */
  takeBytes(length: number): Buffer {
    const taken = this.#bytes.take(length);
    this.#start += length;
    if (this.#bytes.length === 0) this.#bytes = giveBack(this.#bytes);
    return taken;
  }

  /** {@link ByteQueue.reserve} */
  reserve(length: number): Buffer | undefined {
    return this.#bytes.reserve(length);
  }

  /** {@link ByteQueue.shareReserved} */
  shareReserved(): void {
    this.#bytes.shareReserved();
  }

  /** {@link ByteQueue.compact} */
  compact(newest = 0): void {
    this.#bytes.compact(newest);
  }

  /** {@link ByteQueue.waits} */
  waits(): void {
    this.#bytes.waits();
  }

  /** Whether a bundle is anchored before this offset. */
  hasFdsBefore(offset: number): boolean {
    const bundle = this.#bundles.front;
    return bundle !== undefined && anchorOffset(bundle) < offset;
  }

  /**
   * Removes the bundles whose message ended before `frame.start`: no frame that is still to come can own them by their
   * place. They are left over when frames were read whose descriptors ride ahead.
   */
  claimStray(frame: ByteRange): Claim<Fd> {
    return this.#claimPlacedBefore(frame.start, endingOffset, frame);
  }

  /** Removes and returns the descriptors whose anchor byte lies in the frame. */
  claimAttached(frame: ByteRange): Claim<Fd> {
    return this.#claimPlacedBefore(frame.end, anchorOffset, frame);
  }

  /** Removes and returns the descriptors whose message ends in the frame, as far as is known. */
  claimEnding(frame: ByteRange): Claim<Fd> {
    return this.#claimPlacedBefore(frame.end, endingOffset, frame);
  }

  /** Whether a message with descriptors that no frame got so far began before this offset and goes on behind it. */
  passes(offset: number): boolean {
    const bundle = this.#bundles.front;
    // Of bytes that were read at once nobody knows whether they are of one message.
    return bundle !== undefined && bundle.window.end <= offset && bundle.reach > offset;
  }

  /**
   * Removes and returns the next `count` descriptors in arrival order, none from a bundle whose window starts at or
   * after the frame's end, and none from behind a truncated bundle: how many were lost there is unknown, so nothing
   * after it can be counted off. Such a bundle stays in its place as the mark of that.
   */
  claimInOrder(count: number, frame: ByteRange): Claim<Fd> {
    const fds: Fd[] = [];
    let reach = 0;
    while (fds.length < count) {
      const bundle = this.#bundles.front;
      if (bundle === undefined || bundle.window.start >= frame.end) break;
      if (bundle.fds.length > 0) reach = Math.max(reach, bundle.reach);
      fds.push(...bundle.fds.splice(0, count - fds.length));
      if (bundle.truncated !== false) break;
      if (bundle.fds.length === 0) this.#bundles.shift();
    }
    this.#fdCount -= fds.length;
    const mark = this.#bundles.front;
    const stopped = fds.length < count && mark !== undefined && mark.window.start < frame.end;
    return { fds, reach, begunBefore: false, truncated: stopped && mark.truncated };
  }

  /**
   * Removes the descriptors behind a truncated bundle that are anchored before `end`: counted frames will never get
   * them ({@link claimInOrder}).
   */
  claimBehindTruncation(end: number): Fd[] {
    const mark = this.#bundles.front;
    if (mark === undefined || mark.truncated === false) return [];
    const fds: Fd[] = [];
    for (const bundle of this.#bundles) {
      if (bundle !== mark && anchorOffset(bundle) < end) fds.push(...bundle.fds.splice(0));
    }
    this.#fdCount -= fds.length;
    return fds;
  }

  /** Removes and returns the descriptors that surely came before this offset. The mark of a truncation stays. */
  claimOlder(offset: number): Fd[] {
    const fds: Fd[] = [];
    for (const bundle of this.#bundles) {
      if (anchorOffset(bundle) >= offset) break;
      fds.push(...bundle.fds.splice(0));
    }
    while (this.#bundles.front?.fds.length === 0 && this.#bundles.front.truncated === false) this.#bundles.shift();
    this.#fdCount -= fds.length;
    return fds;
  }

  /** Removes and returns the newest descriptors, so that `keep` are left. */
  claimBeyond(keep: number): Fd[] {
    const beyond: Fd[] = [];
    for (const bundle of [...this.#bundles].reverse()) {
      const excess = this.#fdCount - beyond.length - keep;
      if (excess <= 0) break;
      const newest = bundle.fds.splice(Math.max(0, bundle.fds.length - excess));
      bundle.closedEarly = (bundle.closedEarly ?? 0) + newest.length;
      beyond.unshift(...newest);
    }
    this.#fdCount -= beyond.length;
    return beyond;
  }

  /** Drops all bytes; returns all descriptors. */
  clear(): Fd[] {
    this.#bytes.clear();
    this.#bytes = NO_BYTES;
    this.#ahead = NOTHING;
    this.#start = this.#end;
    this.#fdCount = 0;
    return this.#bundles.clear().flatMap((bundle) => bundle.fds);
  }

  #claimPlacedBefore(offset: number, place: (bundle: FdBundle<Fd>) => number, { start }: ByteRange): Claim<Fd> {
    let claim: Writable<Claim<Fd>> | undefined;
    for (let bundle = this.#bundles.front; bundle !== undefined; bundle = this.#bundles.front) {
      if (place(bundle) >= offset) break;
      this.#bundles.shift();
      const { fds, truncated, reach, closedEarly } = bundle;
      const begunBefore = bundle.window.end <= start;
      this.#fdCount -= fds.length;
      // Mostly there is one bundle, and its array is the frame's.
      if (claim === undefined) claim = { fds, truncated, reach, begunBefore, closedEarly };
      else {
        claim.fds.push(...fds);
        claim.truncated ||= truncated;
        claim.reach = Math.max(claim.reach, reach);
        claim.begunBefore ||= begunBefore;
        if (closedEarly !== undefined) claim.closedEarly = (claim.closedEarly ?? 0) + closedEarly;
      }
    }
    return claim ?? { fds: [], truncated: false, reach: 0, begunBefore: false };
  }
}
