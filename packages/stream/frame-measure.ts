import { inspect } from 'node:util';
import { invalidType, outOfRange } from '../binding';
import type { FrameCodec, Measured } from './frame-codec';

/** What reading needs of a codec. */
export type FrameMeasure = Pick<FrameCodec<unknown, never>, 'measure' | 'reads' | 'descriptors'>;

const PARAMETERS_IN_PLACE = 3;

/** Whether the codec's `measure` takes the place where the frame begins. @throws TypeError for what is no codec */
export function measuresInPlace(codec: FrameMeasure): boolean {
  // A program in plain JavaScript may give anything.
  const { measure } = (codec as Partial<FrameMeasure> | null | undefined) ?? {};
  if (typeof measure !== 'function') throw invalidType('a codec is an object with a function measure()');
  return measure.length >= PARAMETERS_IN_PLACE;
}

/** Passes an answer to so many bytes through. @throws RangeError for one that makes no sense */
export function checked(measured: Measured, buffered: number): Measured {
  if (isObject(measured) && makesSense(measured, buffered)) return measured;
  throw badAnswer(measured, buffered);
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

function badAnswer(answer: unknown, buffered: number): RangeError {
  return outOfRange(
    `the codec's measure() returned ${inspect(answer)} for ${buffered} bytes: ` +
      `need must be more than it saw, length at least 1, fds 'attached' or a number from 0 up`,
  );
}
