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

/** @throws TypeError for what are no options */
export function requireObject(name: string, given: unknown): void {
  if (typeof given !== 'object' || given === null)
    throw invalidType(`${name} is an object, not ${describeValue(given)}`);
}

/**
 * Something that is recognized by its methods, for another copy of this package may have made it.
 * @throws TypeError naming the method that it lacks
 */
export function requireMethods(name: string, kind: string, given: unknown, methods: readonly string[]): void {
  const members = (given ?? {}) as Readonly<Record<string, unknown>>;
  const missing = methods.find((method) => typeof members[method] !== 'function');
  if (missing === undefined) return;
  throw invalidType(`${name} is ${kind}; ${describeValue(given)} has no function ${missing}()`);
}

const LONGEST = 28;

/** What was given instead, for their messages; of a long string its beginning, as it may be anything. */
export function describeValue(given: unknown): string {
  if (typeof given === 'function') return 'a function';
  if (typeof given === 'string' && given.length > LONGEST) return `${inspect(given.slice(0, LONGEST))}...`;
  if (typeof given !== 'object' || given === null) return inspect(given);
  const { constructor } = given as { constructor?: { name: string } };
  return `an instance of ${constructor?.name ?? 'no class'}`;
}
