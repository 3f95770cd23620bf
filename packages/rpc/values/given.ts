import { types } from 'node:util';
import { getProcessTable, hasProcessTable, isPlain, OwnedFd } from '../../binding';
import { closeSource, type FdLike, requireFdLike } from '../../stream';
import { hasDescriptor, isJsonOf } from './json-kinds';

/** A descriptor that goes with the message: what {@link give} makes. It arrives as an `OwnedFd`. */
export class GivenFd {
  readonly #source: FdLike;

  /** @internal */
  constructor(source: FdLike) {
    this.#source = source;
  }

  /** @internal */
  get source(): FdLike {
    return this.#source;
  }
}

/**
 * Gives a descriptor away with the value that it stands in: it is closed, by its own method, once the message was sent, or
 * failed to be. Without, an `OwnedFd` in a value is lent: whoever sends it closes it, which may be as soon as the function
 * that sends has returned.
 * @param fd an `OwnedFd`, or anything else with a descriptor: a number, a `FileHandle`, a stream
 * @throws TypeError for anything else. One that is closed, or not open yet, is an error when the message is sent
 */
export function give(fd: FdLike): GivenFd {
  requireFdLike('give() takes', fd);
  return new GivenFd(fd);
}

/**
 * Closes what was given away in a value that will not be sent. Calls nothing of the value's own, such as `toJSON`, and
 * bears cycles.
 * @param more that were given away, which getters and `toJSON` made; each is closed once
 * @param busy one that stays as it was, since closing it would do harm
 */
export function closeGiven(value: unknown, more: Iterable<FdLike> = [], busy?: FdLike): void {
  const given = new Set(more);
  for (const { source } of givenIn(value)) given.add(source);
  if (busy !== undefined) given.delete(busy);
  for (const source of given) closeAway(source);
}

function* givenIn(value: unknown): Generator<GivenFd, void> {
  for (const each of objectsIn(value, insideAny)) if (each instanceof GivenFd) yield each;
}

/** Each object of a value once, also where they hold each other. @param inside what is to be gone through of one */
function* objectsIn(value: unknown, inside: (each: object) => readonly unknown[]): Generator<object, void> {
  const seen = new Set<unknown>();
  const left = [value];
  while (left.length > 0) {
    const each = left.pop();
    if (typeof each !== 'object' || each === null || seen.has(each)) continue;
    seen.add(each);
    for (const inner of inside(each)) left.push(inner);
    yield each;
  }
}

function insideAny(each: object): readonly unknown[] {
  if (each instanceof GivenFd || ArrayBuffer.isView(each)) return [];
  return types.isMap(each) || types.isSet(each) ? [...each] : membersOf(each);
}

/** Without calling getters. */
function membersOf(each: object): readonly unknown[] {
  const members: Readonly<Record<string, PropertyDescriptor>> = Object.getOwnPropertyDescriptors(each);
  return Object.values(members).map(({ value }): unknown => value);
}

/** Whether a value has a descriptor of its own, and nobody said whether it is given away or lent. */
export function isUngiven(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || value instanceof OwnedFd || value instanceof GivenFd) return false;
  return hasDescriptor(value);
}

/** Closes what {@link isUngiven} found, by its own method, if it has one. Returns what was done, for a message. */
export function closeUngiven(value: object): 'nothing was sent' | 'it was destroyed' | 'it was closed' {
  const { destroy, close } = value as { readonly destroy?: unknown; readonly close?: unknown };
  const method = typeof destroy === 'function' ? destroy : close;
  if (typeof method !== 'function') return 'nothing was sent';
  // Both may throw, or reject, where it is closed already.
  void new Promise((resolve) => resolve(Reflect.apply(method, value, []))).catch(() => undefined);
  return method === destroy ? 'it was destroyed' : 'it was closed';
}

/**
 * Closes what {@link isUngiven} finds in a result that is not sent: the peer's call made it, so nobody else would. Arrays and
 * objects as literals are gone through, and not what is of a class, which may hold what others use.
 * @returns what was done, to go on in a message that nothing was sent
 */
export function closeUngivenIn(value: unknown): string {
  let closed = false;
  for (const each of objectsIn(value, insideLiteral))
    if (isUngiven(each) && closeUngiven(each) !== 'nothing was sent') closed = true;
  return closed ? ', and everything in it that has a descriptor was closed' : '';
}

function insideLiteral(each: object): readonly unknown[] {
  if (isUngiven(each)) return [];
  return Array.isArray(each) || (isPlain(each) && !isJsonOf(each)) ? membersOf(each) : [];
}

/** By its own method. Never throws. */
function closeAway(source: FdLike): void {
  // It knows itself where it is open, which may be a model of a kernel, where this process has no descriptors.
  if (source instanceof OwnedFd) OwnedFd.closeAll([source]);
  else if (hasProcessTable()) closeSource(source, getProcessTable());
}
