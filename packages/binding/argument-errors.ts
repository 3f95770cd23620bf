import { inspect } from 'node:util';

// As Node's own functions refuse what they are given: TypeError and RangeError with its codes.

/** An argument of the wrong type. */
export function invalidType(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}

/** An argument of the right type that is none of the values it may have. */
export function invalidValue(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' });
}

/** A number that is too large or too small. */
export function outOfRange(message: string): RangeError {
  return Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' });
}

/** What was given instead, for their messages. */
export function inWords(given: unknown): string {
  if (typeof given === 'function') return 'a function';
  if (typeof given !== 'object' || given === null) return inspect(given);
  const { constructor } = given as { constructor?: { name: string } };
  return `an instance of ${constructor?.name ?? 'no class'}`;
}
