import { AncillaryError } from '../../binding';
import { typeEnd } from './names';

/**
 * How deep values may lie in each other: 32 arrays, 32 structs (which dict entries count among), and variants so that it is 64
 * in all (D-Bus Specification, "Valid Signatures" and "Message Format").
 */
const DEEPEST = 64;

const code = (character: string): number => character.charCodeAt(0);
const ARRAY = code('a');
const VARIANT = code('v');
const STRUCT = code('(');
const STRUCT_END = code(')');
const DICT_ENTRY = code('{');

/** Sizes of the basic types of a fixed size, which is their alignment, too ("Summary of D-Bus Marshalling"). */
const FIXED: ReadonlyMap<number, number> = new Map(
  Object.entries({ y: 1, b: 4, n: 2, q: 2, i: 4, u: 4, x: 8, t: 8, d: 8, h: 4 }).map(([type, size]) => [
    code(type),
    size,
  ]),
);
/** Sizes of the lengths that texts begin with. */
const TEXTS: ReadonlyMap<number, number> = new Map([
  [code('s'), 4],
  [code('o'), 4],
  [code('g'), 1],
]);

/** @param message which one it is @param rule what it breaks */
export function invalid(message: string, rule: string): AncillaryError {
  return new AncillaryError('ERR_FRAME_INVALID', `${message} is not valid: ${rule}`);
}

/**
 * Goes through marshalled values, none of which it trusts. Bytes before `start` and from `end` on are not looked at, and
 * alignment counts from `start`. All methods throw ERR_FRAME_INVALID for what is not marshalled right.
 */
export class ValueReader {
  readonly #memory: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly #littleEndian: boolean;
  readonly #serial: number;
  /** The next byte. */
  at: number;

  /** @param serial the message's, for errors */
  constructor(memory: Uint8Array, start: number, from: number, end: number, littleEndian: boolean, serial: number) {
    this.#memory = memory;
    this.#start = start;
    this.at = from;
    this.#end = end;
    this.#littleEndian = littleEndian;
    this.#serial = serial;
  }

  get done(): boolean {
    return this.at >= this.#end;
  }

  align(boundary: number): void {
    this.#pass(-(this.at - this.#start) & (boundary - 1));
  }

  byte(): number {
    const at = this.at;
    this.#pass(1);
    return this.#memory[at] ?? 0;
  }

  uint32(): number {
    this.align(4);
    const at = this.at;
    this.#pass(4);
    return uint32At(this.#memory, at, this.#littleEndian);
  }

  /** Passes over a text that begins with a length of so many bytes, and returns where it starts; it ends before its zero byte. */
  text(lengthBytes: number): number {
    const length = lengthBytes === 1 ? this.byte() : this.uint32();
    const start = this.at;
    this.#pass(length + 1);
    if (this.#memory[this.at - 1] !== 0) throw this.broken('a text does not end with a zero byte');
    return start;
  }

  /** Passes over the value whose type is at `type` in the memory, and returns where the next type begins. */
  skip(type: number, typesEnd: number, depth = 0): number {
    if (depth > DEEPEST) throw this.broken(`values lie more than ${DEEPEST} deep in each other`);
    const kind = type < typesEnd ? this.#memory[type] : undefined;
    const fixed = FIXED.get(kind ?? 0);
    const lengthBytes = TEXTS.get(kind ?? 0);
    if (fixed !== undefined) {
      this.align(fixed);
      this.#pass(fixed);
    } else if (lengthBytes !== undefined) this.text(lengthBytes);
    else if (kind === ARRAY) return this.#skipArray(type + 1, typesEnd);
    else if (kind === STRUCT) return this.#skipStruct(type + 1, typesEnd, depth);
    else if (kind === VARIANT) {
      const start = this.text(1);
      const end = this.at - 1;
      if (this.skip(start, end, depth + 1) !== end) throw this.broken('a variant is not of exactly one type');
    } else throw this.broken('a value is of no type that there is');
    return type + 1;
  }

  broken(rule: string): AncillaryError {
    return invalid(`the D-Bus message with the serial ${this.#serial}`, rule);
  }

  /** Its length is known, so its elements are not looked at: only where their type ends, and how they are aligned. */
  #skipArray(element: number, typesEnd: number): number {
    const length = this.uint32();
    this.align(this.#alignmentOf(element));
    this.#pass(length);
    const end = typeEnd(this.#memory, element - 1, typesEnd);
    if (end < 0) throw this.broken('an array is of no type that there is, or types lie too deep in each other');
    return end;
  }

  #skipStruct(first: number, typesEnd: number, depth: number): number {
    this.align(8);
    let type = first;
    while (type < typesEnd && this.#memory[type] !== STRUCT_END) type = this.skip(type, typesEnd, depth + 1);
    if (type >= typesEnd || type === first) throw this.broken('a struct is empty, or its type does not end');
    return type + 1;
  }

  #alignmentOf(type: number): number {
    const kind = this.#memory[type] ?? 0;
    if (kind === STRUCT || kind === DICT_ENTRY) return 8;
    if (kind === ARRAY) return 4;
    return FIXED.get(kind) ?? TEXTS.get(kind) ?? 1;
  }

  #pass(bytes: number): void {
    if (bytes > this.#end - this.at) throw this.broken('a header field reaches beyond the header');
    this.at += bytes;
  }
}

export function uint32At(memory: Uint8Array, at: number, littleEndian: boolean): number {
  const first = memory[at] ?? 0;
  const second = memory[at + 1] ?? 0;
  const third = memory[at + 2] ?? 0;
  const fourth = memory[at + 3] ?? 0;
  const value = littleEndian
    ? (fourth << 24) | (third << 16) | (second << 8) | first
    : (first << 24) | (second << 16) | (third << 8) | fourth;
  return value >>> 0;
}
