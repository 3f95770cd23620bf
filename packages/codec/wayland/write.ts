import { endianness } from 'node:os';
import {
  describeValue,
  invalidType,
  invalidValue,
  outOfRange,
  requireBytes,
  requireNames,
  requireObject,
} from '../../binding';
import type { FdLike } from '../../stream';
import { type CompiledSignature, HEADER_LENGTH, isUntyped } from './compiled';
import type { WaylandArgument } from './protocol';
import type { WaylandNewObject } from './read';

const LITTLE_ENDIAN = endianness() === 'LE';
const MOST_UINT = 0xffff_ffff;

/** A message as it goes out. */
export interface Written {
  /** Header included, which {@link writeHeader} fills. */
  readonly bytes: Buffer;
  readonly fds: readonly FdLike[];
  readonly made: readonly { readonly id: number; readonly name: string }[];
}

/** @throws TypeError and RangeError for arguments that are not those of the signature */
export function writeArguments(
  where: string,
  { args }: CompiledSignature,
  given: Readonly<Record<string, unknown>>,
): Written {
  requireObject('args', given);
  const names = Object.fromEntries(args.map(({ name }) => [name, true] as const));
  requireNames(`${where} has no argument`, given, names);
  const writer = new Writer(where);
  for (const arg of args) writer.add(arg, given[arg.name]);
  return writer.written();
}

export function writeHeader(bytes: Buffer, object: number, opcode: number): void {
  writeUint(bytes, object, 0);
  writeUint(bytes, bytes.length * 0x1_0000 + opcode, 4);
}

function writeUint(into: Buffer, value: number, at: number): void {
  if (LITTLE_ENDIAN) into.writeUInt32LE(value, at);
  else into.writeUInt32BE(value, at);
}

class Writer {
  readonly #where: string;
  readonly #pieces: Buffer[] = [Buffer.alloc(HEADER_LENGTH)];
  readonly #fds: FdLike[] = [];
  readonly #made: { id: number; name: string }[] = [];

  constructor(where: string) {
    this.#where = where;
  }

  add(arg: WaylandArgument, value: unknown): void {
    const { type, allowNull = false } = arg;
    if (type === 'fd') this.#fds.push(value as FdLike);
    else if (isUntyped(arg)) this.#newObject(arg.name, value);
    else if (type === 'new_id') this.#make(arg.name, value, arg.interface ?? '');
    else if (type === 'string') this.#string(arg.name, value, allowNull);
    else if (type === 'array') this.#array(arg.name, value);
    else if (type === 'object')
      this.#uint(value === null && allowNull ? 0 : this.#integer(arg.name, value, 1, MOST_UINT));
    else if (type === 'uint') this.#uint(this.#integer(arg.name, value, 0, MOST_UINT));
    else if (type === 'int') this.#uint(this.#integer(arg.name, value, -0x8000_0000, 0x7fff_ffff) >>> 0);
    else this.#uint(this.#fixed(arg.name, value) >>> 0);
  }

  written(): Written {
    return { bytes: Buffer.concat(this.#pieces), fds: this.#fds, made: this.#made };
  }

  #uint(value: number): void {
    const piece = Buffer.alloc(4);
    writeUint(piece, value, 0);
    this.#pieces.push(piece);
  }

  #block(bytes: Uint8Array, length = bytes.length): void {
    this.#uint(length);
    this.#pieces.push(Buffer.from(bytes), Buffer.alloc(length - bytes.length + (-length & 3)));
  }

  #string(name: string, value: unknown, allowNull: boolean): void {
    if (value === null && allowNull) {
      this.#uint(0);
      return;
    }
    if (typeof value !== 'string')
      throw invalidType(`${name} of ${this.#where} is a string, not ${describeValue(value)}`);
    // The receiver would take the part before it for the whole.
    if (value.includes('\0')) throw invalidValue(`${name} of ${this.#where} has a zero byte in it`);
    const bytes = Buffer.from(value);
    this.#block(bytes, bytes.length + 1);
  }

  #array(name: string, value: unknown): void {
    requireBytes(`${name} of ${this.#where}`, value);
    this.#block(value as Uint8Array);
  }

  #make(name: string, value: unknown, interfaceName: string): void {
    const id = this.#integer(name, value, 1, MOST_UINT);
    this.#made.push({ id, name: interfaceName });
    this.#uint(id);
  }

  #newObject(name: string, value: unknown): void {
    requireObject(`${name} of ${this.#where}`, value);
    const { id, interface: interfaceName, version } = value as WaylandNewObject;
    this.#string(`${name}.interface`, interfaceName, false);
    this.#uint(this.#integer(`${name}.version`, version, 1, MOST_UINT));
    this.#make(`${name}.id`, id, interfaceName);
  }

  #fixed(name: string, value: unknown): number {
    if (typeof value !== 'number')
      throw invalidType(`${name} of ${this.#where} is a number, not ${describeValue(value)}`);
    const rounded = Math.round(value * 256);
    if (rounded >= -0x8000_0000 && rounded <= 0x7fff_ffff) return rounded;
    throw outOfRange(`${name} of ${this.#where} is from -2^23 to 2^23, not ${value}`);
  }

  #integer(name: string, value: unknown, least: number, most: number): number {
    if (typeof value !== 'number')
      throw invalidType(`${name} of ${this.#where} is a number, not ${describeValue(value)}`);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw outOfRange(`${name} of ${this.#where} is an integer from ${least} to ${most}, not ${value}`);
  }
}
