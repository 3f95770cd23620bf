import { inspect } from 'node:util';
import { invalidType, type OwnedFd, outOfRange } from '../../binding';
import type { FrameCodec, Measured, MeasureAt } from '../frame-codec';
import type { ReceiveQueue } from './receive-queue';

/** What reading needs of a codec. */
export type FrameMeasure = Pick<FrameCodec<unknown, never>, 'measure' | 'reads' | 'descriptors'>;

/** A codec's `measure`, perhaps with a second form. */
type Measure = FrameCodec<unknown, never>['measure'] & { readonly at?: MeasureAt };

/** The frame at the front, as its codec measured it. */
export type Front = Extract<Measured, { length: number }>;

/** Asks a codec how long the frame at the front of a queue is, and only when there is more to see than last time. */
export class FrontMeasure {
  readonly #queue: ReceiveQueue<OwnedFd>;
  readonly #codec: FrameMeasure;
  readonly #at: MeasureAt | undefined;
  #need = 0;
  #scanned = 0;

  /** @throws TypeError for what is no codec */
  constructor(queue: ReceiveQueue<OwnedFd>, codec: FrameMeasure) {
    // A program in plain JavaScript may give anything.
    const { measure } = (codec as { readonly measure?: Measure } | null | undefined) ?? {};
    if (typeof measure !== 'function') throw invalidType('a codec is an object with a function measure()');
    if (measure.at !== undefined && typeof measure.at !== 'function') {
      throw invalidType("a codec's measure.at is a function, or undefined");
    }
    this.#queue = queue;
    this.#codec = codec;
    this.#at = measure.at;
  }

  /**
   * The frame at the front, or how many bytes are missing before its codec can say more.
   * @throws what the codec throws; RangeError for an answer that makes no sense
   */
  look(): Front | number {
    while (this.#need <= this.#queue.length) {
      const measured = this.#ask();
      if (!('need' in measured)) return measured;
      this.#need = measured.need;
      this.#scanned = measured.scanned ?? 0;
    }
    return this.#need - this.#queue.length;
  }

  /** The frame was taken: the next one begins. */
  startOver(): void {
    this.#need = 0;
    this.#scanned = 0;
  }

  #ask(): Measured {
    const { front, frontStart } = this.#queue;
    const length = front.length - frontStart;
    if (this.#at !== undefined && length >= this.#need) {
      return requireSense(this.#at.call(this.#codec, front, frontStart, this.#scanned), length);
    }
    const buffered = this.#queue.peek(this.#need);
    return requireSense(this.#codec.measure(buffered, this.#scanned), buffered.length);
  }
}

/** Passes an answer to so many bytes through. @throws RangeError for one that makes no sense */
function requireSense(measured: Measured, buffered: number): Measured {
  if (isObject(measured) && makesSense(measured, buffered)) return measured;
  throw outOfRange(
    `the codec's measure() returned ${inspect(measured)} for ${buffered} bytes: ` +
      `need must be more than it saw, length at least 1, fds 'attached' or a number from 0 up`,
  );
}

function makesSense(measured: Measured, buffered: number): boolean {
  if ('need' in measured) return isCount(measured.need) && measured.need > buffered;
  return isCount(measured.length) && measured.length > 0 && (measured.fds === 'attached' || isCount(measured.fds));
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null;
}
