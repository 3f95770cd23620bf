import { AncillaryError, type ByteRange, counted, DEFAULT_MAX_DEPTH, isDeeper, OwnedFd } from '../../binding';
import { isReserved, NAME, unescaped } from './placeholder';

/** Where a message stands in the stream, for errors. */
type Frame = { readonly range: ByteRange };

/**
 * Makes a value of JSON, with each placeholder replaced by its descriptor. It closes nothing: if it throws, the descriptors
 * are the caller's to close, as they were.
 * @param fds those that came with the frame
 * @throws ERR_FRAME_INVALID for what is not JSON, is nested too deep, or has a placeholder that is out of range, used twice or
 * malformed; ERR_FD_SURPLUS for descriptors that no placeholder stands for. The message names the frame.
 */
export function unpack(text: string, fds: readonly OwnedFd[], frame: Frame, maxDepth = DEFAULT_MAX_DEPTH): unknown {
  if (isDeeper(text, maxDepth))
    throw invalidMessage(frame, fds, `it is nested deeper than ${maxDepth} arrays and objects`);
  const value = parse(text, fds, frame);
  // A name may also be written with escapes, but not without a backslash.
  if (fds.length === 0 && !text.includes(NAME) && !text.includes('\\u')) return value;
  const unpacking = new Unpacking(fds, frame);
  const restored = unpacking.restore(value);
  if (unpacking.used < fds.length) {
    throw new AncillaryError(
      'ERR_FD_SURPLUS',
      `${describeFrame(frame)} has ${counted(fds.length, 'descriptor')}, and placeholders for ${unpacking.used} of them; all were closed`,
    );
  }
  return restored;
}

/** ERR_FRAME_INVALID: what a peer must not send. */
function invalidMessage(frame: Frame, fds: readonly OwnedFd[], what: string, cause?: unknown): AncillaryError {
  const closed = fds.length === 0 ? '' : `; closed ${counted(fds.length, 'descriptor')} of it`;
  const options = cause === undefined ? undefined : { cause };
  return new AncillaryError('ERR_FRAME_INVALID', `${describeFrame(frame)} is no message: ${what}${closed}`, options);
}

/** Closes what came with a message that a peer must not send. @throws ERR_FRAME_INVALID */
export function refuseMessage(frame: Frame, fds: readonly OwnedFd[], what: string, cause?: unknown): never {
  const error = invalidMessage(frame, fds, what, cause);
  OwnedFd.closeAll(fds);
  throw error;
}

function describeFrame({ range }: Frame): string {
  return `the frame at bytes ${range.start} to ${range.end}`;
}

function parse(text: string, fds: readonly OwnedFd[], frame: Frame): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidMessage(frame, fds, 'it is not JSON', error);
  }
}

class Unpacking {
  used = 0;
  readonly #fds: readonly OwnedFd[];
  readonly #frame: Frame;
  readonly #taken: boolean[] = [];

  constructor(fds: readonly OwnedFd[], frame: Frame) {
    this.#fds = fds;
    this.#frame = frame;
  }

  /** In place where it can be: what JSON.parse made belongs to nobody else. */
  restore(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const list = value as unknown[];
      for (let at = 0; at < list.length; at++) {
        const each = list[at];
        if (typeof each === 'object' && each !== null) list[at] = this.restore(each);
      }
      return list;
    }
    if (Object.hasOwn(value, NAME)) return this.#claim(value as Readonly<Record<string, unknown>>);
    return this.#members(value as Record<string, unknown>);
  }

  /** One in which a name changes is made anew, so that its members keep their order. */
  #members(object: Record<string, unknown>): unknown {
    let renamed = false;
    for (const name of Object.keys(object)) {
      if (isReserved(name)) renamed = true;
      const member = object[name];
      // What is the object's own is set there, also where it is called `__proto__`.
      if (typeof member === 'object' && member !== null) object[name] = this.restore(member);
    }
    if (!renamed) return object;
    // From entries, so that `__proto__` is a member like any other.
    return Object.fromEntries(Object.entries(object).map(([name, member]) => [unescaped(name), member]));
  }

  #claim(placeholder: Readonly<Record<string, unknown>>): OwnedFd {
    const index = placeholder[NAME];
    const fd = typeof index === 'number' ? this.#fds[index] : undefined;
    if (fd === undefined || Object.keys(placeholder).length !== 1) {
      const shown = JSON.stringify(placeholder).slice(0, LONGEST);
      throw this.#invalid(`the placeholder ${shown} stands for none of its ${counted(this.#fds.length, 'descriptor')}`);
    }
    if (this.#taken[index as number] === true) throw this.#invalid(`its descriptor ${String(index)} is used twice`);
    this.#taken[index as number] = true;
    this.used++;
    return fd;
  }

  #invalid(what: string): AncillaryError {
    return invalidMessage(this.#frame, this.#fds, what);
  }
}

const LONGEST = 60;
