import { types } from 'node:util';
import {
  AncillaryError,
  DEFAULT_MAX_DEPTH,
  describeValue,
  invalidType,
  isDeeper,
  isPlain,
  outOfRange,
  OwnedFd,
} from '../../binding';
import { type FdLike, MAX_FDS_PER_SENDMSG, numberOf } from '../../stream';
import { closeGiven, GivenFd } from './given';
import { isJson, isJsonOf, jsonOfBigInt, pathOf, whyNot } from './json-kinds';
import { escaped, isReserved, Placeholder } from './placeholder';

/** A value as JSON, and the descriptors that its placeholders stand for, in order. */
export interface Packed {
  readonly text: string;
  readonly fds: readonly FdLike[];
  /** For each descriptor, whether it is closed once it was sent. */
  readonly transfer: readonly boolean[];
}

/**
 * Makes JSON of a value that holds descriptors: an `OwnedFd`, or what `give()` made, anywhere in it. Everything else that JSON
 * has becomes what `JSON.stringify` makes of it. If it throws, what was given away is closed, but for one that is busy.
 * @throws TypeError for what JSON does not have, ERR_FD_CLOSED and ERR_FD_BUSY, all of which name the member; RangeError for
 * what is nested too deep
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
    closePacked(value, packing, packing.busy);
    throw error;
  }
}

/** Closes what was given away, where the message is not sent. */
export function closePacked(value: unknown, { fds, transfer }: Pick<Packed, 'fds' | 'transfer'>, busy?: FdLike): void {
  closeGiven(
    value,
    fds.filter((_, index) => transfer[index] === true),
    busy,
  );
}

const aboutMembers = new WeakSet<AncillaryError>();

/** Whether it is of a descriptor in a value, and says which, where others of that code are of the connection. */
export function isAboutMember(error: AncillaryError): boolean {
  return aboutMembers.has(error);
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
  /** The descriptor that is refused, and must not be closed. */
  busy: FdLike | undefined;
  /** The objects around what is looked at, and their names. */
  readonly #within: object[] = [];
  readonly #names: string[] = [];

  /** @param name of the member that it is, which `toJSON` is told */
  replace(value: unknown, name: string): unknown {
    if (typeof value !== 'object') {
      const type = typeof value;
      if (type !== 'bigint' && type !== 'function' && type !== 'symbol') return value;
      const made = type === 'bigint' ? jsonOfBigInt(value as bigint, name) : value;
      if (typeof made === 'string' || typeof made === 'number') return made;
      throw this.#refusal(value, name);
    }
    if (value === null) return value;
    if (value instanceof OwnedFd) return this.#hold(value, false, name);
    if (value instanceof GivenFd) return this.#hold(value.source, true, name);
    if (value instanceof Date) return value;
    const object: object = value;
    // JSON.stringify would refuse it too, and without end nothing would be refused.
    if (this.#within.includes(object))
      throw invalidType(`${this.#path(name)} is an object around itself, and JSON has no cycles; nothing was sent`);
    this.#within.push(object);
    this.#names.push(name);
    const replaced = this.#inside(object, name);
    this.#within.pop();
    this.#names.pop();
    return replaced;
  }

  #inside(value: object, name: string): unknown {
    if (Array.isArray(value)) return this.#array(value);
    if (!isPlain(value)) {
      // JSON makes an object without members of it, so nobody would get it, nor close it.
      if (!isJson(value)) throw this.#refusal(value);
      // Numbers and the like as objects, which JSON.stringify knows.
      if (types.isBoxedPrimitive(value)) return value;
    }
    if (!isJsonOf(value)) return this.#object(value, undefined);
    const made = value.toJSON(name);
    // What was made is not asked for its own toJSON, and what is copied here has none.
    const isObject = typeof made === 'object' && made !== null && isJsonOf(made);
    return isObject && !(made instanceof OwnedFd) ? this.#object(made, []) : this.replace(made, name);
  }

  /** @param name of a member of the innermost object; without, that object is meant */
  #refusal(value: unknown, name?: string): TypeError {
    return invalidType(`${this.#path(name)} is ${whyNot(value)}; nothing was sent`);
  }

  #path(name?: string): string {
    return pathOf(name === undefined ? this.#names : [...this.#names, name], this.#within);
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
      // What toJSON made may have one, which is not asked.
      if (name === 'toJSON' && typeof member === 'function') continue;
      const made = this.replace(member, name);
      if (made !== member || isReserved(name))
        entries ??= names.slice(0, at).map((before) => [before, members[before]]);
      entries?.push([escaped(name), made]);
    }
    if (entries === undefined) return value;
    // From entries, so that `__proto__` is a member like any other.
    return Object.fromEntries(entries);
  }

  #hold(fd: FdLike, given: boolean, name: string): Placeholder {
    if (!(fd instanceof OwnedFd) || fd.closed) this.#requireOpen(fd, given, name);
    if (this.fds === NONE) {
      this.fds = [];
      this.transfer = [];
    }
    (this.transfer as boolean[]).push(given);
    return new Placeholder((this.fds as FdLike[]).push(fd) - 1);
  }

  /** Sending would refuse it, too, and only know that it is the first or second of many. */
  #requireOpen(fd: FdLike, given: boolean, name: string): void {
    try {
      numberOf(fd, given, () => this.#path(name));
    } catch (error) {
      if (error instanceof AncillaryError) {
        aboutMembers.add(error);
        if (error.code === 'ERR_FD_BUSY') this.busy = fd;
      }
      throw error;
    }
  }
}
