import { endianness } from 'node:os';
import type { OwnedFd } from '../../binding';
import { type CompiledSignature, HEADER_LENGTH, isUntyped } from './compiled';
import { invalid } from './objects';
import type { WaylandArgument } from './protocol';

/** What a `new_id` without an interface has on the wire. */
export interface WaylandNewObject {
  readonly id: number;
  readonly interface: string;
  readonly version: number;
}

const LITTLE_ENDIAN = endianness() === 'LE';
/** "Signed 24.8 decimal numbers." */
const FIXED_ONE = 256;

/** In the order of the machine; byte by byte, since messages need not lie at a multiple of four. */
export function readUint(from: Uint8Array, at: number): number {
  let value = 0;
  for (let index = 0; index < 4; index++) value = (value << 8) | (from[at + (LITTLE_ENDIAN ? 3 - index : index)] ?? 0);
  return value >>> 0;
}

/** The objects that a message makes. @throws ERR_FRAME_INVALID */
export function newObjects(frame: Uint8Array, { args }: CompiledSignature): { id: number; name: string }[] {
  const reader = new Reader(frame);
  const made: { id: number; name: string }[] = [];
  for (const arg of args) {
    if (arg.type !== 'new_id') reader.skip(arg);
    else if (arg.interface !== undefined) made.push({ id: reader.uint(), name: arg.interface });
    else {
      const { id, interface: name } = reader.newObject();
      made.push({ id, name });
    }
  }
  reader.end();
  return made;
}

/** @throws ERR_FRAME_INVALID */
export function readArguments(
  frame: Uint8Array,
  { args }: CompiledSignature,
  fds: readonly OwnedFd[],
): Map<string, ReadValue> {
  const reader = new Reader(frame);
  const values = new Map<string, ReadValue>();
  let taken = 0;
  for (const arg of args) values.set(arg.name, arg.type === 'fd' ? (fds[taken++] ?? null) : reader.value(arg));
  reader.end();
  return values;
}

type ReadValue = number | string | Buffer | WaylandNewObject | OwnedFd | null;

class Reader {
  readonly #frame: Uint8Array;
  #at = HEADER_LENGTH;

  constructor(frame: Uint8Array) {
    this.#frame = frame;
  }

  uint(): number {
    if (this.#at + 4 > this.#frame.length) throw invalid('ends before its last argument');
    const value = readUint(this.#frame, this.#at);
    this.#at += 4;
    return value;
  }

  value(arg: WaylandArgument): ReadValue {
    switch (arg.type) {
      case 'int':
        return this.uint() | 0;
      case 'fixed':
        return (this.uint() | 0) / FIXED_ONE;
      case 'string':
        return this.#string();
      case 'array':
        return Buffer.from(this.#block(this.uint()));
      case 'object':
        return this.uint() || null;
      case 'new_id':
        return isUntyped(arg) ? this.newObject() : this.uint();
      default:
        return this.uint();
    }
  }

  skip(arg: WaylandArgument): void {
    if (arg.type === 'string' || arg.type === 'array') this.#block(this.uint());
    else if (arg.type !== 'fd') this.uint();
  }

  newObject(): WaylandNewObject {
    const name = this.#string();
    if (name === null) throw invalid('makes an object of no interface');
    return { interface: name, version: this.uint(), id: this.uint() };
  }

  /** Nothing may follow. */
  end(): void {
    const { length } = this.#frame;
    if (this.#at !== length) throw invalid(`has ${length - this.#at} bytes more than its arguments`);
  }

  /** "Starts with an unsigned 32-bit length (including null terminator), followed by the contents, including terminating null." */
  #string(): string | null {
    const length = this.uint();
    if (length === 0) return null;
    const block = this.#block(length);
    if (block[length - 1] !== 0) throw invalid('has a string without its terminating zero');
    return Buffer.from(block.buffer, block.byteOffset, length - 1).toString();
  }

  /** So many bytes, "then padding to a 32-bit boundary". */
  #block(length: number): Uint8Array {
    const padded = length + (-length & 3);
    if (padded > this.#frame.length - this.#at) throw invalid('ends inside a string or array');
    const block = this.#frame.subarray(this.#at, this.#at + length);
    this.#at += padded;
    return block;
  }
}
