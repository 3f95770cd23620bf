import { inspect, types } from 'node:util';
import { printable } from './printable';

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

/** Where a number is to be within limits: something else is of the wrong type. @param rule what it is, by its name */
export function wrongNumber(rule: string, given: unknown): Error {
  const message = `${rule}, not ${describeValue(given)}`;
  return typeof given === 'number' ? outOfRange(message) : invalidType(message);
}

/** @throws TypeError for what is no object, or not yet */
export function requireObject(name: string, given: unknown): void {
  if (typeof given === 'object' && given !== null && !isPromise(given)) return;
  throw invalidType(`${name} is an object, not ${describeValue(given)}`);
}

/** @throws TypeError for what would be taken for true or false, such as 'no'; undefined is left out */
export function requireBoolean(name: string, given: unknown): void {
  if (given === undefined || typeof given === 'boolean') return;
  throw invalidType(`${name} is true or false, not ${describeValue(given)}`);
}

/** @throws TypeError */
export function requireBytes(name: string, given: unknown): void {
  if (!types.isUint8Array(given))
    throw invalidType(`${name} is a Uint8Array, such as a Buffer, not ${describeValue(given)}`);
}

/** @throws TypeError for what is no array */
export function requireDescriptors(fds: unknown): void {
  if (Array.isArray(fds)) return;
  throw invalidType(`fds, such as [fd], is an array of descriptors, not ${describeValue(fds)}`);
}

/** @throws TypeError for what cannot be gone through, such as one thing in place of several */
export function requireIterable(name: string, rule: string, given: unknown): void {
  const { [Symbol.iterator]: begin } = (given ?? {}) as { readonly [Symbol.iterator]?: unknown };
  if (typeof begin !== 'function') throw invalidType(`${name} is ${rule}, not ${describeValue(given)}`);
}

/**
 * Something that is recognized by its methods, for another copy of this package may have made it.
 * @param hint how the message ends where it lacks a method
 * @throws TypeError naming the method that it lacks, or what it is a Promise or a maker of
 */
export function requireMethods(
  name: string,
  kind: string,
  given: unknown,
  methods: readonly string[],
  hint = '',
): void {
  const members = (given ?? {}) as Readonly<Record<string, unknown>>;
  const missing = methods.find((method) => typeof members[method] !== 'function');
  if (missing === undefined) return;
  const shown = describeValue(given);
  if (typeof given === 'function' || isPromise(given)) throw invalidType(`${name} is ${kind}, not ${shown}`);
  throw invalidType(`${name} is ${kind}; ${shown} has no function ${missing}()${hint}`);
}

const LONGEST = 28;

/**
 * What was given instead, for their messages, with what to do where that is plain; of a long string its beginning, as it
 * may be anything.
 */
export function describeValue(given: unknown): string {
  if (typeof given === 'function') return describeFunction(given);
  if (typeof given === 'string' && given.length > LONGEST) return `${inspect(given.slice(0, LONGEST))}...`;
  if (typeof given !== 'object' || given === null) return inspect(given);
  // Asking it anything may throw.
  if (types.isProxy(given)) return 'a Proxy';
  try {
    return describeObject(given);
  } catch {
    return 'an object that tells nothing of itself';
  }
}

function describeObject(given: object): string {
  if (isPromise(given)) return 'a Promise: await it first';
  const { constructor } = given as { constructor?: { name?: unknown } | null };
  const name = constructor?.name;
  if (typeof name !== 'string') return 'an instance of no class';
  return name === '' ? 'an instance of a class without a name' : `an instance of ${printable(name)}`;
}

function describeFunction(given: object): string {
  const name = (given as { readonly name?: unknown }).name;
  const source = Function.prototype.toString.call(given);
  if (!source.startsWith('class') || typeof name !== 'string' || name === '') return 'a function';
  return `the class ${printable(name)} itself: give it an instance`;
}

function isPromise(given: unknown): boolean {
  return typeof (given as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
