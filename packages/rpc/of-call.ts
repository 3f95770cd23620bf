import { AncillaryError, describeValue, invalidType, outOfRange, systemError } from '../binding';
import { asError, notOpenOf } from '../stream';
import { memberWith } from './values/member-with';
import { isAboutMember } from './values/pack';

/**
 * What cannot be sent, with the call that it is of: a program has many, and the fault is in one.
 * @param sent the message
 * @param closed what was done besides, to go on with
 */
export function ofCall(part: 'call' | 'result', name: unknown, error: unknown, sent?: object, closed = ''): Error {
  const named = nameIn(part, name, error, sent, closed);
  if (named !== error) ofCalls.add(named);
  return named;
}

const ofCalls = new WeakSet<Error>();

/** What a handler threw, for the caller. What the package says of descriptors is of those over here, and for the handler. */
export function ofHandler(method: string, thrown: unknown): unknown {
  if (!(thrown instanceof AncillaryError) || ofCalls.has(thrown)) return thrown;
  return new AncillaryError(thrown.code, `the handler of ${describeValue(method)} failed: ${thrown.message}`);
}

function nameIn(part: string, name: unknown, error: unknown, sent: object | undefined, closed: string): Error {
  if (typeof name !== 'string') return asError(error);
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const what = `the ${part} of ${describeValue(name)} cannot be sent: `;
  const text = `${what}${String(message)}${closed}`;
  // The kernel, which finds it out, knows a number and no member.
  const notOpen = error instanceof Error ? notOpenOf(error) : undefined;
  if (notOpen !== undefined) {
    const member = memberWith(notOpen, sent);
    const which = member === undefined ? '' : `${member}, `;
    const verb = member === undefined ? ' is' : ', is';
    return systemError(
      'EBADF',
      'sendmsg',
      `${what}${which}descriptor ${notOpen}${verb} not open; nothing was sent${closed}`,
    );
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
