import { AncillaryError, describeValue, invalidType, outOfRange, systemError } from '../binding';
import { asError, notOpenOf } from '../stream';
import { memberWith } from './values/member-with';
import { isAboutMember } from './values/pack';

/**
 * What cannot be sent, with the call that it is of: a program has many, and the fault is in one.
 * @param sent the message
 */
export function ofCall(part: 'call' | 'result', name: unknown, error: unknown, sent?: object): Error {
  if (typeof name !== 'string') return asError(error);
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const what = `the ${part} of ${describeValue(name)} cannot be sent: `;
  const text = `${what}${String(message)}`;
  // The kernel, which finds it out, knows a number and no member.
  const notOpen = error instanceof Error ? notOpenOf(error) : undefined;
  if (notOpen !== undefined) {
    const member = memberWith(notOpen, sent);
    const which = member === undefined ? '' : `${member}, `;
    const verb = member === undefined ? ' is' : ', is';
    return systemError('EBADF', 'sendmsg', `${what}${which}descriptor ${notOpen}${verb} not open; nothing was sent`);
  }
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
