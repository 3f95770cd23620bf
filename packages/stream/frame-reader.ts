import { AncillaryError, type ByteRange, type OwnedFd } from '../binding';
import type { Discarder } from './discard';
import { FdFrame } from './frame';
import type { Measured } from './frame-codec';
import { checked, type FrameMeasure, measuresInPlace } from './frame-measure';
import type { Claim, ReceiveQueue } from './receive-queue';

/** What a frame may hold, and what happens when it does not keep to that. */
export interface FrameLimits {
  readonly maxFdsPerFrame: number;
  readonly onSurplus: 'error' | 'close';
  readonly onTruncated: 'error' | 'mark';
  /** Descriptors that may ride ahead of their frames, where the codec says that they do. */
  readonly maxQueuedFds: number;
}

/** Without a codec every segment is a frame, with the descriptors it came with. */
export function segmentFrames(queue: ReceiveQueue<OwnedFd>): FrameMeasure {
  return new SegmentFrames(queue);
}

const ANY_BYTE: Measured = { need: 1 };

class SegmentFrames implements FrameMeasure {
  readonly #queue: ReceiveQueue<OwnedFd>;

  constructor(queue: ReceiveQueue<OwnedFd>) {
    this.#queue = queue;
  }

  get reads(): 'greedy' {
    return 'greedy';
  }

  measure(): Measured {
    return this.#queue.length === 0 ? ANY_BYTE : { length: this.#queue.frontLength, fds: 'attached' };
  }
}

/** One frame of a known length, read without looking further. */
export function exactly(length: number): FrameMeasure {
  return { reads: 'bounded', measure: () => ({ length, fds: 'attached' }) };
}

interface Front {
  readonly length: number;
  readonly fds: number | 'attached';
}

/**
 * Cuts frames out of a ReceiveQueue and decides which descriptors are theirs. It works on the frame at the front only,
 * when asked: what nobody took stays in the queue with its windows, so that another reader can go on from there.
 */
export class FrameReader {
  readonly #queue: ReceiveQueue<OwnedFd>;
  readonly #codec: FrameMeasure;
  /** Whether the codec's `measure` takes the place where the frame begins. */
  readonly #inPlace: boolean;
  readonly #limits: FrameLimits;
  readonly #discarder: Discarder;
  /** The frame at the front, once its length is known. */
  #front: Front | undefined;
  #need = 0;
  #scanned = 0;
  /** Descriptors of the frame at the front that were closed as surplus before it was complete. */
  #closedEarly = 0;
  #greedy: boolean;
  /** Why the frame at the front is none; told when it is asked for, after all frames before it. */
  #failure: { readonly error: unknown } | undefined;

  constructor(queue: ReceiveQueue<OwnedFd>, codec: FrameMeasure, limits: FrameLimits, discarder: Discarder) {
    this.#queue = queue;
    this.#codec = codec;
    this.#inPlace = measuresInPlace(codec);
    this.#limits = limits;
    this.#discarder = discarder;
    this.#greedy = codec.reads === 'greedy';
  }

  /** Whether bytes after the frame in hand may be read. */
  get greedy(): boolean {
    return this.#greedy;
  }

  /** Whether {@link next} can only throw: nothing that is still to come can mend that. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** How many bytes the frame at the front lacks, as far as is known; 0 when {@link next} has something to say. */
  missing(): number {
    const missing = this.#lacking();
    if (missing > 0) this.#boundFrameInHand();
    return this.failed ? 0 : missing;
  }

  /**
   * The frame at the front, or undefined while it is incomplete.
   * @throws what the codec's `measure` threw; ERR_FD_SURPLUS, ERR_FD_MISSING, ERR_FD_TRUNCATED, with the descriptors of
   * the frame closed
   */
  next(): FdFrame | undefined {
    const missing = this.missing();
    if (this.#failure !== undefined) throw this.#failure.error;
    if (missing > 0 || this.#front === undefined) return undefined;
    const { length, fds } = this.#front;
    const range = { start: this.#queue.start, end: this.#queue.start + length };
    // Before anything is claimed: it throws where a user transferred the memory of bytes that wait here.
    const bytes = this.#queue.take(length);
    // Most frames have none and want none, and there is nothing to judge.
    const plain = this.#queue.plain && (fds === 0 || fds === 'attached');
    const frame = plain ? new FdFrame(bytes, [], range, false, false) : this.#withFds(bytes, range, fds);
    this.#front = undefined;
    this.#need = 0;
    this.#scanned = 0;
    this.#closedEarly = 0;
    return frame;
  }

  #withFds(bytes: Buffer, range: ByteRange, fds: number | 'attached'): FdFrame {
    const claim = this.#claim(range, fds);
    this.#judge(claim, range, fds);
    // A count says whose descriptors they are, whatever the windows: only guesses by place or order can be ambiguous.
    const guessed = fds === 'attached' || this.#codec.descriptors === 'early';
    const ambiguous = claim.overlapping && guessed && this.#greedy;
    return new FdFrame(bytes, claim.fds, range, claim.truncated, ambiguous);
  }

  #lacking(): number {
    while (this.#failure === undefined) {
      if (this.#front !== undefined) return Math.max(0, this.#front.length - this.#queue.length);
      if (this.#need > this.#queue.length) return this.#need - this.#queue.length;
      this.#measure();
    }
    return 0;
  }

  #measure(): void {
    try {
      const measured = this.#askCodec();
      if ('need' in measured) {
        this.#need = measured.need;
        this.#scanned = measured.scanned ?? 0;
        return;
      }
      this.#front = measured;
      this.#greedy = this.#codec.reads === undefined ? measured.fds !== 'attached' : this.#codec.reads === 'greedy';
      const { maxFdsPerFrame, onSurplus } = this.#limits;
      if (typeof measured.fds === 'number' && measured.fds > maxFdsPerFrame && onSurplus === 'error') {
        throw new AncillaryError(
          'ERR_FD_SURPLUS',
          `a frame declares ${measured.fds} descriptors, ${maxFdsPerFrame} are allowed; ` +
            `what came of them is closed (raise maxFdsPerFrame to receive them)`,
        );
      }
    } catch (error) {
      this.#failure = { error };
    }
  }

  #askCodec(): Measured {
    const { front, frontStart } = this.#queue;
    const length = front.length - frontStart;
    if (this.#inPlace && length >= this.#need) {
      return checked(this.#codec.measure(front, this.#scanned, frontStart), length);
    }
    const buffered = this.#queue.peek(this.#need);
    return checked(this.#codec.measure(buffered, this.#scanned), buffered.length);
  }

  #claim(range: ByteRange, fds: number | 'attached'): Claim<OwnedFd> {
    if (fds !== 'attached' && this.#codec.descriptors === 'early') {
      const claim = this.#queue.claimInOrder(fds, range);
      this.#discarder.discard(this.#queue.claimBehindTruncation(range.end), range, 'truncated');
      return claim;
    }
    if (this.#queue.hasFdsBefore(range.start))
      this.#discarder.discard(this.#queue.claimStray(range).fds, range, 'incomplete');
    return this.#queue.claimAttached(range);
  }

  #judge(claim: Claim<OwnedFd>, range: ByteRange, fds: number | 'attached'): void {
    const { maxFdsPerFrame, onSurplus, onTruncated } = this.#limits;
    const came = claim.fds.length;
    if (claim.truncated && onTruncated === 'error') {
      this.#discarder.discard(claim.fds, range, 'truncated');
      throw new AncillaryError(
        'ERR_FD_TRUNCATED',
        `the kernel dropped descriptors of the frame at ${placeOf(range)}, most likely because this process may open no more ` +
          `(RLIMIT_NOFILE); the ${came} it delivered are closed`,
      );
    }
    if (fds !== 'attached' && came + this.#closedEarly < fds && !claim.truncated) {
      this.#discarder.discard(claim.fds, range, 'missing');
      throw new AncillaryError(
        'ERR_FD_MISSING',
        `the frame at ${placeOf(range)} declares ${fds} descriptors and came with ${came}, which are closed: the peer breaks the ` +
          `protocol, or sends each frame's descriptors apart from its bytes`,
      );
    }
    const allowed = fds === 'attached' ? maxFdsPerFrame : Math.min(fds, maxFdsPerFrame);
    if (came <= allowed) return;
    const surplus = claim.fds.splice(allowed);
    if (onSurplus === 'close') {
      this.#discarder.discard(surplus, range, 'surplus');
      return;
    }
    this.#discarder.discard([...claim.fds, ...surplus], range, 'surplus');
    throw new AncillaryError(
      'ERR_FD_SURPLUS',
      `the frame at ${placeOf(range)} came with ${came} descriptors, ${allowed} are allowed; all of them are closed ` +
        `(${fds === 'attached' ? 'raise maxFdsPerFrame to receive them, or ' : ''}onSurplus: 'close' keeps the first ones)`,
    );
  }

  /** A frame that never ends must not pile up descriptors, also while nobody asks for it. */
  #boundFrameInHand(): void {
    const { maxFdsPerFrame, maxQueuedFds, onSurplus } = this.#limits;
    const early = this.#codec.descriptors === 'early';
    // Those that ride ahead belong to frames still to come: they are many, and none of them is surplus by itself.
    const allowed = early ? Math.max(maxFdsPerFrame, maxQueuedFds) : maxFdsPerFrame;
    if (this.#queue.fdCount <= allowed) return;
    const range = { start: this.#queue.start, end: this.#queue.end };
    if (onSurplus === 'close' && !early) {
      const surplus = this.#queue.claimBeyond(maxFdsPerFrame);
      this.#closedEarly += surplus.length;
      this.#discarder.discard(surplus, range, 'surplus');
      return;
    }
    const count = this.#queue.fdCount;
    this.#discarder.discard(this.#queue.claimBeyond(0), range, 'surplus');
    const message = `an incomplete frame holds ${count} descriptors already, ${allowed} are allowed; all of them are closed`;
    this.#failure = { error: new AncillaryError('ERR_FD_SURPLUS', message) };
  }
}

function placeOf({ start, end }: ByteRange): string {
  return `bytes ${start} to ${end}`;
}
