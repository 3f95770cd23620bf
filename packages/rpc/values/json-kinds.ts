import { types } from 'node:util';
import { describeValue, isPlain } from '../../binding';

// What JSON has, and for the rest what it would make of it in silence: nothing, or an object without members.

/** What says itself what it is in JSON. */
interface Json {
  toJSON(name: string): unknown;
}

export function isJsonOf(value: object): value is Json {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** Many programs give BigInt.prototype one; undefined where none did. */
export function jsonOfBigInt(value: bigint, name: string): unknown {
  const made: object = Object(value) as object;
  return isJsonOf(made) ? made.toJSON(name) : undefined;
}

/** Whether JSON has an object that is not plain: that of a class, by its members. */
export function isJson(value: object): boolean {
  // It has a descriptor of its own, or is a stream. What says how it is in JSON would not get it across.
  if (isOpen(value)) return false;
  if (isJsonOf(value)) return true;
  return !isExotic(value) && (types.isBoxedPrimitive(value) || hasMember(value));
}

/** Without one, whatever it holds is not in JSON: in private fields, in closures, or in what it inherits. */
function hasMember(value: object): boolean {
  for (const name in value) if (Object.hasOwn(value, name)) return true;
  return false;
}

/** What holds its data elsewhere than in members. */
function isExotic(value: object): boolean {
  return (
    types.isMap(value) ||
    types.isSet(value) ||
    types.isArrayBufferView(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isRegExp(value) ||
    isError(value) ||
    types.isBigIntObject(value) ||
    types.isSymbolObject(value)
  );
}

/** Its message is no member that JSON has, whatever else it was given. */
function isError(value: object): boolean {
  return types.isNativeError(value) || value instanceof Error;
}

/** Whether something has a descriptor of its own: a FileHandle, a stream, a socket or server of net. What only has a member `fd` is data. */
function isOpen(value: object): boolean {
  return hasDescriptor(value) || ('pipe' in value && typeof value.pipe === 'function');
}

/** Whether it stands for a descriptor. */
export function hasDescriptor(value: object): boolean {
  return !isPlain(value) && ('fd' in value || '_handle' in value);
}

/** What it is, and what to send in its place. */
export function whyNot(value: unknown): string {
  if (typeof value === 'bigint') return 'a BigInt, which JSON does not have: send a string';
  if (typeof value === 'symbol') return 'a symbol, which JSON does not have';
  const shown = describeValue(value);
  if (typeof value === 'function') return `${shown}, which JSON does not have: a peer can only call handlers`;
  if (types.isPromise(value)) return shown;
  if (types.isMap(value)) return 'a Map, which JSON does not have: send Object.fromEntries(map), or [...map]';
  if (types.isSet(value)) return 'a Set, which JSON does not have: send [...set]';
  if (types.isArrayBufferView(value) || types.isAnyArrayBuffer(value))
    return `${shown}, and JSON has no bytes: send text, or give(fds.memfd(name, bytes))`;
  const object = value as object;
  if (isOpen(object)) return `${shown}, which is not sent by itself: give() sends its descriptor`;
  if (isError(object)) return `${shown}, of which JSON has no message: throw it, or send { message: error.message }`;
  if (Symbol.asyncIterator in object) return 'an async iterator, which a handler returns as the result itself';
  if (Symbol.iterator in object) {
    const what = types.isGeneratorObject(object) ? 'a generator' : shown;
    return `${what}, which JSON does not have: send [...items]`;
  }
  return isExotic(object)
    ? `${shown}, which JSON does not have`
    : `${shown}, which has no members: JSON would make {} of it`;
}

/** Where a member is, as a program says it. The outermost name is that of the value itself, which has none. */
export function pathOf(names: readonly string[], around: readonly object[]): string {
  let path = '';
  for (const [at, name] of names.entries()) {
    const parent = around[at - 1];
    // What toJSON made goes by the same name.
    if (parent === undefined || isJsonOf(parent)) continue;
    if (Array.isArray(parent)) path += `[${name}]`;
    else if (!IDENTIFIER.test(name)) path += `[${describeValue(name)}]`;
    else path += path === '' ? name : `.${name}`;
  }
  if (path.length > LONGEST) return `${path.slice(0, LONGEST / 2)}...${path.slice(-LONGEST / 2)}`;
  return path === '' ? 'the value' : path;
}

/** A name that a program says without quotes. */
export const IDENTIFIER = /^[A-Za-z_$][\w$]{0,60}$/;
const LONGEST = 200;
