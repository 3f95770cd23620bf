import { invalidType, invalidValue, outOfRange } from './argument-errors';
/**
 * @param options what should be an object of options
 * @param allowed has their names as keys
 * @param taker what they are options of, as its error says
 * @throws TypeError that names one that is none of them
 */
export function requireKeys(options: unknown, allowed: object, taker: string): void {
  const names = Object.keys(allowed);
  requireObject(options, `${taker} takes an object of ${names.join(', ')}`);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalidValue(`${taker} has no option '${unknown}', only ${names.join(', ')}`);
}

/** @throws TypeError that begins with the rule */
export function requireObject(value: unknown, rule: string): asserts value is object {
  if (typeof value !== 'object' || value === null) throw invalidType(`${rule}, not ${String(value)}`);
}

/** @throws TypeError, RangeError */
export function requireCount(value: unknown, name: string): void {
  if (typeof value !== 'number') throw invalidType(`${name} is a number, not ${String(value)}`);
  if (!Number.isSafeInteger(value) || value < 0) throw outOfRange(`${name} is an integer from 0 up, not ${value}`);
}

/** Of options that may each be left out. @throws TypeError, RangeError */
export function requireCounts(values: object): void {
  for (const [name, value] of Object.entries(values)) if (value !== undefined) requireCount(value, name);
}

/** @throws TypeError */
export function requireFunction(value: unknown, name: string): void {
  if (typeof value !== 'function') throw invalidType(`${name} is a function, not ${String(value)}`);
}
