import { describeValue, invalidType, invalidValue, requireObject } from './argument-errors';
import { nearestName } from './nearest-name';

/** The names of some options: one for each, which the compiler checks. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/** What else the words of a refusal are. */
export interface OptionWords {
  /** What the argument is called, where that is not `options`. */
  readonly called?: string;
  /** What each of them is called, where that is not `option`. */
  readonly each?: string;
  /** Of names that belong elsewhere: where. */
  readonly elsewhere?: Elsewhere;
}

/** Where names belong that somebody may well give here, in words that go on after a colon. */
export type Elsewhere = Readonly<Record<string, string>>;

/**
 * @param taker what they are options of, such as `connect()`
 * @throws TypeError for what is no object, and for an option that there is not: a misspelt one would do nothing
 */
export function requireOptions<Options extends object>(
  taker: string,
  given: Options,
  known: OptionNames<Options>,
  { called = 'options', each = 'option', elsewhere }: OptionWords = {},
): void {
  requireObject(called, given);
  // It has no properties of its own, so it would do nothing.
  if (given instanceof AbortSignal)
    throw invalidType(`${called} is an object, not an AbortSignal${'signal' in known ? ': give { signal }' : ''}`);
  // They have properties, and none by name.
  if (Array.isArray(given) || ArrayBuffer.isView(given))
    throw invalidType(`${called} is an object, not ${describeValue(given)}`);
  requireNames(`${taker} has no ${each}`, given, known, elsewhere);
}

/**
 * @param lacking how the message begins, such as `connect() has no option`
 * @throws TypeError for a property of another name
 */
export function requireNames(
  lacking: string,
  given: object,
  known: Readonly<Record<string, true>>,
  elsewhere: Elsewhere = {},
): void {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name)) continue;
    if (Object.hasOwn(elsewhere, name)) throw invalidValue(`${lacking} ${describeValue(name)}: ${elsewhere[name]}`);
    const names = Object.keys(known);
    const nearest = nearestName(name, names);
    const meant = nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
    // Something of a class was perhaps meant for another argument.
    const whose = isPlain(given) ? '' : `, which ${describeValue(given)} has`;
    throw invalidValue(`${lacking} ${describeValue(name)}${whose}.${meant} There is ${names.join(', ')}`);
  }
}

/** Whether it is an object as literals are, which most are. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Of another realm, it is another prototype, which has none either.
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** @throws TypeError for an option that does nothing without another one, which was not given */
export function requireTogether<Options extends object>(
  options: Options,
  name: keyof Options & string,
  needed: keyof Options & string,
): void {
  if (options[name] === undefined || options[needed] !== undefined) return;
  throw invalidValue(`${name} does nothing without ${needed}, which is missing`);
}
