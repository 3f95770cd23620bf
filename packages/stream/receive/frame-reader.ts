import {
  AncillaryError,
  type ByteRange,
  counted,
  describeValue,
  invalidType,
  invalidValue,
  type LookAhead,
  type OwnedFd,
  wrongNumber,
} from '../../binding';
import { asError } from '../abort';
import { FdFrame } from '../frame';
import { applyLimits, refuseLeft, refuseOlder, requireAllowed } from './claim-policy';
import { type Demand, NO_DEMAND } from './consumer';
import type { Discarder } from './discard';
import { type FrameMeasure, FrontMeasure } from './frame-measure';
import type { ReceiveLimits } from './inbox';
import type { Claim } from './bundle';
import type { ReceiveQueue } from './receive-queue';

/** Frames of so many bytes are read into memory of their own. */
const LARGE = 128 * 1024;

/** What frames are cut out of. */
export interface FrameSupply {
  readonly queue: ReceiveQueue<OwnedFd>;
  readonly limits: ReceiveLimits;
  readonly discarder: Discarder;
  /** Why nothing follows what is queued, if so. */
  readonly end: 'eof' | Error | undefined;
  readonly owner: { failed(error: Error): void };
  /** Where the frame began that a codec was shown last. */
  shownAt?: number | undefined;
  /** Counts a frame that is returned to the user. */
  frameTaken(frame: FdFrame): void;
}

/**
 * Cuts frames out of a ReceiveQueue and decides which descriptors are theirs. It works on the frame at the front only,
 * and only when called: what nobody took stays in the queue with its windows, so that another reader can go on from there.
 */
export class FrameReader {
  readonly #supply: FrameSupply;
  readonly #queue: ReceiveQueue<OwnedFd>;
  readonly #measure: FrontMeasure;
  readonly #reads: FrameMeasure['reads'];
  /** How many bytes before their frame descriptors may come that are taken in order; undefined where none are. */
  readonly #ahead: number | undefined;
  readonly #segments: boolean;
  readonly #endExpected: boolean;
  /** Whether the codec wants to see each frame. */
  readonly #watches: boolean;
  /** Whether the length of the frame at the front is known, and that frame is allowed. */
  #measured = false;
  #stopped = false;
  #greedy: boolean;
  /** Why there is no frame at the front; thrown when its turn comes, after all frames before it. */
  #failure: Error | undefined;

  /**
   * @param endExpected whether the stream may end before the next frame; otherwise that is ERR_FRAME_INCOMPLETE
   * @throws TypeError for what is no codec
   */
  constructor(supply: FrameSupply, codec: FrameMeasure, endExpected = true) {
    this.#supply = supply;
    this.#queue = supply.queue;
    this.#measure = new FrontMeasure(supply.queue, codec);
    this.#reads = requireReads(codec.reads);
    this.#ahead = aheadOf(codec.descriptors);
    this.#segments = codec.segments === true;
    this.#endExpected = endExpected;
    this.#watches = codec.cut !== undefined;
    this.#greedy = this.#reads === 'greedy';
  }

  /**
   * Whoever takes frames has left, perhaps while the codec was measuring: what it measured stays in the queue, since nobody
   * would get it.
   */
  stop(): void {
    this.#stopped = true;
  }

  /** Whether bytes after the frame in hand may be read. */
  get greedy(): boolean {
    return this.#greedy;
  }

  /**
   * The frame at the front; undefined while it is incomplete, `'end'` when no frame follows. What is wrong with the stream
   * destroys the socket, which then reports it to its consumer.
   */
  nextFrame(): FdFrame | 'end' | undefined {
    try {
      const taken = this.#cutOrEnd();
      if (taken !== undefined && taken !== 'end') this.#supply.frameTaken(taken);
      return taken;
    } catch (error) {
      this.#supply.owner.failed(asError(error));
      return undefined;
    }
  }

  /** @throws as {@link cut}; ERR_FRAME_INCOMPLETE; system errors of recvmsg */
  #cutOrEnd(): FdFrame | 'end' | undefined {
    const frame = this.cut();
    if (frame !== undefined) return frame;
    const { end } = this.#supply;
    if (end === undefined || this.#stopped) return undefined;
    if (end !== 'eof') throw end;
    if (this.#queue.length > 0 || !this.#endExpected) throw this.#incomplete();
    this.#closeLeft();
    return 'end';
  }

  /** How much to read for whoever takes frames. @param wanted whether somebody waits for one now */
  demand(wanted: boolean): Demand {
    const { queue, limits } = this.#supply;
    const missing = this.missing();
    if (this.#failure !== undefined) return NO_DEMAND;
    const look = this.#look;
    // Where descriptors are ahead, each frame is read by itself: so it shows in which one their message begins.
    if (!this.#greedy || (look === 'contents' && queue.ahead.length > 0)) {
      if (!wanted) return NO_DEMAND;
      return { bytes: missing, fds: Math.max(1, limits.maxFdsPerFrame + 1 - queue.fdCount), look };
    }
    // A frame that is incomplete may always be finished; what is complete waits for its taker, up to the limits.
    const full = queue.length >= limits.highWaterMark || queue.fdCount >= limits.maxQueuedFds;
    if (missing === 0 && full) return NO_DEMAND;
    const fds = Math.max(1, limits.maxQueuedFds - queue.fdCount);
    return { bytes: Math.max(missing, limits.highWaterMark), fds, look };
  }

  /**
   * Where the frame began that is incomplete at the front, or its first descriptors came, if they ride ahead; undefined where
   * nothing of it came. To be asked while {@link nextFrame} returns undefined.
   */
  get begunAt(): number | undefined {
    const { start, length, oldestFds } = this.#queue;
    const riding = this.#ahead === undefined ? undefined : oldestFds;
    if (riding !== undefined) return Math.min(start, riding);
    return length > 0 ? start : undefined;
  }

  /** By place, descriptors can be told apart only where it is known how far their message reaches. */
  get #look(): LookAhead {
    if (this.#segments || this.#measure.fds !== 'attached') return 'nothing';
    return this.#greedy ? 'contents' : 'ends';
  }

  /** Memory for the rest of a large frame, so that its bytes need not be put together: see {@link ReceiveQueue.reserve}. */
  reserve(): Buffer | undefined {
    const { length } = this.#measure;
    if (!this.#measured || length < LARGE || length <= this.#queue.length) return undefined;
    return this.#queue.reserve(length);
  }

  /** How many bytes the frame at the front lacks, as far as is known; 0 when {@link cut} returns or throws something. */
  missing(): number {
    const missing = this.#lacking();
    if (missing > 0) this.#boundFrameInHand();
    return this.#failure === undefined ? missing : 0;
  }

  /**
   * The frame at the front, or undefined while it is incomplete.
   * @throws what the codec's `measure` threw; ERR_FD_SURPLUS, ERR_FD_MISSING, ERR_FD_TRUNCATED, with the descriptors of
   * the frame closed
   */
  cut(): FdFrame | undefined {
    const missing = this.missing();
    if (this.#stopped) return undefined;
    if (this.#failure !== undefined) throw this.#failure;
    if (missing > 0) return undefined;
    if (this.#watches && !this.#shown()) return undefined;
    const { length, fds } = this.#measure;
    const range = { start: this.#queue.start, end: this.#queue.start + length };
    // Before anything is claimed: it throws where a user transferred the memory of bytes that wait here.
    const bytes = this.#queue.takeBytes(length);
    // Most frames have none and want none, and there is nothing to decide.
    const plain = this.#queue.plain && (typeof fds !== 'number' || fds === 0);
    const frame = plain ? this.#plain(bytes, range, fds) : this.#withFds(bytes, range, fds);
    this.#measured = false;
    this.#measure.startOver();
    return frame;
  }

  #plain(bytes: Buffer, range: ByteRange, fds: number | 'attached'): FdFrame {
    return new FdFrame(bytes, [], range, false, typeof fds !== 'number' && this.#doubted(range));
  }

  /** Shows the codec the frame that is about to be taken. Returns false where the codec made whoever takes it leave. */
  #shown(): boolean {
    const { start } = this.#queue;
    // One that stayed because the codec had whoever took it leave was shown already.
    if (this.#supply.shownAt !== start) {
      this.#supply.shownAt = start;
      this.#measure.show();
    }
    return !this.#stopped;
  }

  #withFds(bytes: Buffer, range: ByteRange, fds: number | 'attached'): FdFrame {
    const { limits, discarder } = this.#supply;
    const claim = this.#claim(range, fds);
    applyLimits(claim, fds, claim.closedEarly ?? 0, range, limits, discarder);
    // A count says whose descriptors they are, whatever came with them: only guesses by place or order can be ambiguous. Plain
    // bytes in front of them are no reason, since the kernel joins those (docs/kernel.md 3).
    const guessed = fds === 'attached' || (this.#ahead !== undefined && fds > 0);
    const reachesOut = claim.begunBefore || claim.reach > range.end || this.#queue.passes(range.end);
    const ambiguous = guessed && (reachesOut || this.#doubted(range));
    this.#queue.doubt(claim.reach);
    return new FdFrame(bytes, claim.fds, range, claim.truncated !== false, ambiguous);
  }

  /** Whether descriptors that an earlier frame got may be this one's. */
  #doubted({ start }: ByteRange): boolean {
    return start < this.#queue.doubtUntil;
  }

  #lacking(): number {
    try {
      if (this.#failure !== undefined) return 0;
      if (!this.#measured) {
        const missing = this.#measure.look();
        if (missing > 0) return missing;
        const { fds } = this.#measure;
        this.#greedy = this.#reads === undefined ? fds !== 'attached' : this.#reads === 'greedy';
        requireAllowed(fds, this.#queue.start, this.#supply.limits);
        this.#measured = true;
      }
      return Math.max(0, this.#measure.length - this.#queue.length);
    } catch (error) {
      this.#failure = asError(error);
      return 0;
    }
  }

  #claim(range: ByteRange, fds: number | 'attached'): Claim<OwnedFd> {
    const { discarder } = this.#supply;
    if (fds !== 'attached' && this.#ahead !== undefined) {
      const older = this.#queue.claimOlder(range.start - this.#ahead);
      refuseOlder(older, this.#ahead, range, this.#supply.limits, discarder);
      const claim = this.#queue.claimInOrder(fds, range);
      discarder.discard(this.#queue.claimBehindTruncation(range.end), range, 'truncated');
      return claim;
    }
    if (this.#queue.hasFdsBefore(range.start)) {
      discarder.discard(this.#queue.claimStray(range).fds, range, 'incomplete');
    }
    // In front of a message with descriptors some senders put others; behind it, they would have to be read with it.
    return fds === 'attached' && this.#greedy ? this.#queue.claimEnding(range) : this.#queue.claimAttached(range);
  }

  /** At the end of the stream, those that no frame declared. @throws ERR_FD_SURPLUS where a bound says that there are none */
  #closeLeft(): void {
    const { queue, limits, discarder } = this.#supply;
    if (this.#ahead === undefined || queue.fdCount === 0) return;
    const bounded = this.#ahead < Infinity;
    const range = { start: queue.start, end: queue.end };
    refuseLeft(queue.claimBeyond(0), range, bounded ? limits : { ...limits, onSurplus: 'close' }, discarder);
  }

  /** A frame that never ends must not pile up descriptors, also while nobody waits for it. */
  #boundFrameInHand(): void {
    const { limits, discarder } = this.#supply;
    const { maxFdsPerFrame, maxQueuedFds, onSurplus } = limits;
    const early = this.#ahead !== undefined;
    // Those that ride ahead belong to frames still to come: they are many, and none of them is surplus by itself.
    const allowed = early ? Math.max(maxFdsPerFrame, maxQueuedFds) : maxFdsPerFrame;
    if (this.#queue.fdCount <= allowed) return;
    const range = { start: this.#queue.start, end: this.#queue.end };
    if (onSurplus === 'close' && !early) {
      discarder.discard(this.#queue.claimBeyond(maxFdsPerFrame), range, 'surplus');
      return;
    }
    const count = this.#queue.fdCount;
    discarder.discard(this.#queue.claimBeyond(0), range, 'surplus');
    const message = `an incomplete frame has ${counted(count, 'descriptor')} already, where at most ${allowed} may come; all are closed`;
    this.#failure = new AncillaryError('ERR_FD_SURPLUS', message);
  }

  #incomplete(): AncillaryError {
    const { start, length, fdCount } = this.#queue;
    const where =
      length === 0
        ? `the stream ended at ${start}, where a frame was to begin`
        : `the stream ended inside a frame, ${counted(length, 'byte')} after its start at ${start}; ` +
          `what came with that, ${counted(fdCount, 'descriptor')}, is closed`;
    return new AncillaryError('ERR_FRAME_INCOMPLETE', where);
  }
}

/** @throws TypeError */
function requireReads(reads: unknown): FrameMeasure['reads'] {
  if (reads === undefined || reads === 'bounded' || reads === 'greedy') return reads;
  throw invalidValue(`codec.reads is 'bounded' or 'greedy', not ${describeValue(reads)}`);
}

/** @throws TypeError and RangeError for what says nothing */
function aheadOf(descriptors: FrameMeasure['descriptors']): number | undefined {
  if (descriptors === undefined || descriptors === 'own') return undefined;
  if (descriptors === 'early') return Infinity;
  const given: unknown =
    typeof descriptors === 'object' ? (descriptors as { ahead?: unknown } | null)?.ahead : descriptors;
  if (typeof given !== 'number') {
    throw invalidType(`codec.descriptors is 'own', 'early' or { ahead: bytes }, not ${describeValue(descriptors)}`);
  }
  if (Number.isSafeInteger(given) && given >= 0) return given;
  throw wrongNumber('codec.descriptors.ahead is a number of bytes from 0 up', given);
}
