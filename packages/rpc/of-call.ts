import { AncillaryError, describeValue, invalidType, outOfRange } from '../binding';
import { asError } from '../stream';
import { isAboutMember } from './values/pack';

/** What cannot be sent, with the call that it is of: a program has many, and the fault is in one. */
export function ofCall(part: 'call' | 'result', name: unknown, error: unknown): Error {
  if (typeof name !== 'string') return asError(error);
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const text = `the ${part} of ${describeValue(name)} cannot be sent: ${String(message)}`;
  if (error instanceof TypeError && code === 'ERR_INVALID_ARG_TYPE') return invalidType(text);
  if (error instanceof RangeError && code === 'ERR_OUT_OF_RANGE') return outOfRange(text);
  if (error instanceof AncillaryError && (error.code === 'ERR_FRAME_TOO_LARGE' || isAboutMember(error)))
    return new AncillaryError(error.code, text);
  return asError(error);
}

/** @throws TypeError */
export function requireName(method: unknown): void {
  if (typeof method !== 'string') throw invalidType(`a method is a string, not ${describeValue(method)}`);
}
