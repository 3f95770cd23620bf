import { describeValue, invalidType, invalidValue, requireObject } from './argument-errors';
import { nearestName } from './nearest-name';

/** The names of some options: one for each, which the compiler checks. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * @param taker what they are options of, such as `connect()`
 * @throws TypeError for what is no object, and for an option that there is not: a misspelt one would do nothing
 */
export function requireOptions<Options extends object>(
  taker: string,
  given: Options,
  known: OptionNames<Options>,
): void {
  requireObject('options', given);
  // It has no properties of its own, so it would do nothing.
  if (given instanceof AbortSignal)
    throw invalidType(`options is an object, not an AbortSignal${'signal' in known ? ': give { signal }' : ''}`);
  // They have properties, and none by name.
  if (Array.isArray(given) || ArrayBuffer.isView(given))
    throw invalidType(`options is an object, not ${describeValue(given)}`);
  requireNames(`${taker} has no option`, given, known);
}

/**
 * @param lacking how the message begins, such as `connect() has no option`
 * @throws TypeError for a property of another name
 */
export function requireNames(lacking: string, given: object, known: Readonly<Record<string, true>>): void {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name)) continue;
    const names = Object.keys(known);
    const nearest = nearestName(name, names);
    const meant = nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
    throw invalidValue(`${lacking} ${describeValue(name)}.${meant} There is ${names.join(', ')}`);
  }
}
