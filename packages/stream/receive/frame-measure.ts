import { inspect } from 'node:util';
import { counted, invalidType, type OwnedFd, outOfRange, requireMethods } from '../../binding';
import type { FrameDecoder, Measured, MeasureAt } from '../frame-codec';
import type { ReceiveQueue } from './receive-queue';

/** What reading needs of a codec. */
export type FrameMeasure = Pick<FrameDecoder<unknown>, 'measure' | 'cut' | 'reads' | 'descriptors'> & {
  /** Frames are what the kernel returns, not messages that descriptors could be of. */
  readonly segments?: true;
};

const NOTHING = Buffer.alloc(0);

/** A codec's `measure`, perhaps with a second form. */
type Measure = FrameDecoder<unknown>['measure'] & { readonly at?: MeasureAt };

/**
 * Asks a codec how long the frame at the front of a queue is, and only when there is more to see than last time. An
 * answer is the user's object: each of its properties is read once, and judged as it was read.
 */
export class FrontMeasure {
  readonly #queue: ReceiveQueue<OwnedFd>;
  readonly #codec: FrameMeasure;
  readonly #at: MeasureAt | undefined;
  #need = 0;
  #scanned = 0;
  #length = 0;
  #fds: number | 'attached';

  /** @throws TypeError for what is no codec */
  constructor(queue: ReceiveQueue<OwnedFd>, codec: FrameMeasure) {
    // A program in plain JavaScript may give anything.
    requireMethods('codec', 'a FrameCodec, such as lengthPrefixed()', codec, ['measure']);
    const { at } = codec.measure as Measure;
    if (at !== undefined && typeof at !== 'function') {
      throw invalidType('codec.measure.at is a function, or undefined');
    }
    this.#queue = queue;
    this.#codec = codec;
    // Until a frame is measured: whoever says which of those that are counted are a frame's own counts them.
    this.#fds = codec.descriptors === undefined ? 'attached' : 0;
    this.#at = at;
  }

  /** How long the frame at the front is; 0 while that is not known. */
  get length(): number {
    return this.#length;
  }

  /** How many descriptors it declares, once its length is known; until then, what the one before did. */
  get fds(): number | 'attached' {
    return this.#fds;
  }

  /**
   * How many bytes are missing before the codec can say more; 0 once {@link length} is known, for which it is also asked about
   * bytes that only can be seen so far.
   * @throws what the codec throws; RangeError for an answer that makes no sense
   */
  look(): number {
    while (this.#length === 0) {
      const { length } = this.#queue;
      const ahead = this.#codec.segments === true ? NOTHING : this.#queue.ahead;
      if (this.#need > length + ahead.length) return this.#need - length;
      // As much as comes is read anyway, and what could be shown is nothing.
      if (length + ahead.length === 0 && this.#codec.reads === 'greedy') return 1;
      if (ahead.length === 0) this.#ask();
      else if (!this.#learnAhead(ahead)) return 1;
    }
    return 0;
  }

  /** Shows the codec the whole frame at the front. @throws what the codec throws; RangeError */
  show(): void {
    const frame = this.#queue.show(this.#length);
    const answer: unknown = this.#codec.cut?.(frame);
    // It is the queue's own, which goes by its length.
    if (frame.length !== this.#length) throw outOfRange("the codec's cut() changed the length of what it was shown");
    if (isObject(answer) && 'then' in (answer as object)) throw late('cut()', 'nothing');
  }

  /** The frame was taken: the next one begins. */
  startOver(): void {
    this.#need = 0;
    this.#scanned = 0;
    this.#length = 0;
  }

  #ask(): void {
    const { front, frontStart } = this.#queue;
    const at = front.length - frontStart >= this.#need ? this.#at : undefined;
    const shown = at === undefined ? this.#queue.peek(this.#need) : front;
    const { length } = shown;
    const measured =
      at === undefined
        ? this.#codec.measure(shown, this.#scanned)
        : at.call(this.#codec, shown, frontStart, this.#scanned);
    // It is the queue's own, which goes by its length.
    if (shown.length !== length) throw outOfRange("the codec's measure() changed the length of what it was shown");
    this.#learn(measured, at === undefined ? length : length - frontStart);
  }

  /** Returns false where the frame turns out to be counted, for which nobody need look ahead: then nothing was learnt. */
  #learnAhead(ahead: Buffer): boolean {
    const { length } = this.#queue;
    const measured = this.#codec.measure(Buffer.concat([this.#queue.peek(length), ahead]), this.#scanned);
    this.#learn(measured, length + ahead.length);
    if (this.#length === 0 || this.#fds === 'attached') return true;
    this.#length = 0;
    this.#need = length + 1;
    this.#queue.ahead = NOTHING;
    return false;
  }

  /** Notes an answer to so many bytes. @throws RangeError for one that makes no sense */
  #learn(measured: Measured, buffered: number): void {
    if (!isObject(measured)) throw senseless(measured, buffered);
    if ('need' in measured) {
      const { need, scanned = 0 } = measured;
      if (!isCount(need) || need <= buffered) throw senseless(measured, buffered);
      this.#need = need;
      this.#scanned = scanned;
    } else {
      const { length, fds } = measured;
      const known = typeof fds === 'number' ? isCount(fds) : isAttached(fds);
      if (!known || !isCount(length) || length === 0) throw senseless(measured, buffered);
      this.#length = length;
      this.#fds = fds;
    }
  }
}

function senseless(measured: Measured, buffered: number): RangeError | TypeError {
  if (isObject(measured) && 'then' in measured) return late('measure()', 'its answer');
  return outOfRange(
    `the codec's measure() returned ${inspect(measured)} for ${counted(buffered, 'byte')}: ` +
      `need must be more than it saw, length at least 1, fds 'attached' or a number from 0 up`,
  );
}

/** What it would answer is needed now. */
function late(method: string, answer: string): TypeError {
  return invalidType(
    `the codec's ${method} returns ${answer} at once, and returned a Promise: make it a function that is not async`,
  );
}

/** A codec in plain JavaScript may answer anything. */
function isAttached(fds: unknown): boolean {
  return fds === 'attached';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null;
}
