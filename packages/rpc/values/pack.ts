import { types } from 'node:util';
import { DEFAULT_MAX_DEPTH, describeValue, invalidType, isDeeper, outOfRange, OwnedFd } from '../../binding';
import { type FdLike, MAX_FDS_PER_SENDMSG } from '../../stream';
import { closeGiven, GivenFd, holdsGiven } from './given';
import { escaped, isReserved, Placeholder } from './placeholder';

/** A value as JSON, and the descriptors that its placeholders stand for, in order. */
export interface Packed {
  readonly text: string;
  readonly fds: readonly FdLike[];
  /** For each descriptor, whether it is closed once it was sent. */
  readonly transfer: readonly boolean[];
}

/**
 * Makes JSON of a value that holds descriptors: an `OwnedFd`, or what `give()` made, anywhere in it. Everything else becomes
 * what `JSON.stringify` makes of it. If it throws, what was given away is closed.
 * @throws TypeError for what JSON does not have; RangeError for what is nested too deep
 */
export function pack(value: unknown, maxDepth = DEFAULT_MAX_DEPTH): Packed {
  const packing = new Packing();
  try {
    const text = JSON.stringify(packing.replace(value, '')) as string | undefined;
    if (text === undefined) throw invalidType(`a message is a value that JSON has, not ${describeValue(value)}`);
    // What the peer would refuse, with the connection, is refused here alone.
    if (isDeeper(text, maxDepth))
      throw outOfRange(`a value is nested deeper than ${maxDepth} arrays and objects; nothing was sent`);
    if (packing.fds.length > MAX_FDS_PER_SENDMSG) throw tooMany(packing.fds.length);
    return { text, fds: packing.fds, transfer: packing.transfer };
  } catch (error) {
    closePacked(value, packing);
    throw error;
  }
}

/** Closes what was given away, where the message is not sent. */
export function closePacked(value: unknown, { fds, transfer }: Pick<Packed, 'fds' | 'transfer'>): void {
  closeGiven(
    value,
    fds.filter((_, index) => transfer[index] === true),
  );
}

/** Whether something has a descriptor of its own: a FileHandle, a stream, a socket or server of net. What only has a member `fd` is data. */
function isOpen(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return false;
  return 'fd' in value || '_handle' in value || ('pipe' in value && typeof value.pipe === 'function');
}

/** The peer would break off the connection. */
function tooMany(count: number): RangeError {
  return outOfRange(`a message may have ${MAX_FDS_PER_SENDMSG} descriptors, and not ${count}; nothing was sent`);
}

const NONE: readonly never[] = [];

/**
 * Puts placeholders where descriptors are. What holds none is left as it is, for `JSON.stringify` to go through, which is
 * several times as fast without a function to call for each member.
 */
class Packing {
  fds: FdLike[] | readonly never[] = NONE;
  transfer: boolean[] | readonly never[] = NONE;
  /** The objects around what is looked at. */
  readonly #within: object[] = [];

  /** @param name of the member that it is, which `toJSON` is told */
  replace(value: unknown, name: string): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof OwnedFd) return this.#hold(value, false);
    if (value instanceof GivenFd) return this.#hold(value.source, true);
    if (value instanceof Date) return value;
    // JSON.stringify would refuse it too, and without end nothing would be refused.
    if (this.#within.includes(value)) throw invalidType('a value that is sent has a cycle, which JSON does not have');
    this.#within.push(value);
    const replaced = this.#inside(value, name);
    this.#within.pop();
    return replaced;
  }

  #inside(value: object, name: string): unknown {
    if (Array.isArray(value)) return this.#array(value);
    // JSON makes an object without members of it, so nobody would get it, nor close it.
    if (isOpen(value)) throw invalidType(`${describeValue(value)} is not sent by itself: give() sends its descriptor`);
    // Numbers and the like as objects, which JSON.stringify knows, and bytes, whose members are many.
    if (types.isBoxedPrimitive(value) || (types.isArrayBufferView(value) && !isJsonOf(value))) return value;
    if (!isJsonOf(value)) {
      // Of which JSON makes an object without members, so nobody would get it, nor close it.
      if ((types.isMap(value) || types.isSet(value)) && holdsGiven(value))
        throw invalidType('give() stands in a Map or a Set, which JSON does not have; what was given is closed');
      return this.#object(value, undefined);
    }
    const made = value.toJSON(name);
    // What was made is not asked for its own toJSON, and what is copied here has none.
    const isObject = typeof made === 'object' && made !== null && isJsonOf(made);
    return isObject && !(made instanceof OwnedFd) ? this.#object(made, []) : this.replace(made, name);
  }

  #array(array: readonly unknown[]): unknown {
    let copy: unknown[] | undefined;
    for (let at = 0; at < array.length; at++) {
      const replaced = this.replace(array[at], String(at));
      if (replaced !== array[at]) (copy ??= [...array])[at] = replaced;
    }
    return copy ?? array;
  }

  /** @param entries of a copy that is to be made in any case */
  #object(value: object, entries: [string, unknown][] | undefined): unknown {
    const members = value as Readonly<Record<string, unknown>>;
    const names = Object.keys(value);
    for (const [at, name] of names.entries()) {
      const member = members[name];
      const made = this.replace(member, name);
      if (made !== member || isReserved(name))
        entries ??= names.slice(0, at).map((before) => [before, members[before]]);
      entries?.push([escaped(name), made]);
    }
    if (entries === undefined) return value;
    // JSON has no functions, and a toJSON would be one. From entries, so that `__proto__` is a member like any other.
    return Object.fromEntries(entries.filter(([, made]) => typeof made !== 'function'));
  }

  #hold(fd: FdLike, given: boolean): Placeholder {
    if (this.fds === NONE) {
      this.fds = [];
      this.transfer = [];
    }
    (this.transfer as boolean[]).push(given);
    return new Placeholder((this.fds as FdLike[]).push(fd) - 1);
  }
}

function isJsonOf(value: object): value is { toJSON(name: string): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
