import { describeValue, invalidValue, outOfRange, requireNames, wrongNumber } from '../../binding';
import { type Field, FIELDS, FIXED_LENGTH, REQUIRED, TYPES, UNIX_FDS, VERSION } from './layout';
import type { DBusHeader } from './header';

/** Alignment, code, type and its length; and what a text has beside its bytes. */
const MOST_OF_A_FIELD = 8 + 4 + 4 + 1;
const LONGEST_SIGNATURE = 255;
const VISIBLE = /^[!-~]*$/;

/** A received message may be sent on: what the codec counts is passed over. */
const NAMES = Object.fromEntries(
  ['type', 'serial', 'flags', 'littleEndian', 'bodyLength', 'bytes', 'body', 'fds', 'transfer']
    .concat(FIELDS.flatMap((field) => (field === undefined ? [] : [field.name])))
    .map((name) => [name, true] as const),
);

/** What of a header is a message's own to say: the codec counts descriptors and bytes. */
type Own = 'littleEndian' | 'flags' | 'unixFds' | 'bodyLength';
type WithoutOwn<Header> = Header extends DBusHeader ? Omit<Header, Own> : never;

/** The header of a message to send, with the fields that its type requires. */
export type DBusOutgoingHeader = WithoutOwn<Exclude<DBusHeader, { readonly type: 'unknown' }>> & {
  /** Default 0; see {@link DBusHeaderFields.flags}. */
  readonly flags?: number | undefined;
  /** The byte order of the header, and so of the body; default true. */
  readonly littleEndian?: boolean | undefined;
};

/**
 * Everything of a message before its body. Unlike bodies, which a library marshals, headers have few types.
 * @throws TypeError and RangeError for what cannot stand in a header
 */
export function marshalHeader(header: DBusOutgoingHeader, bodyLength: number, fds: number): Buffer {
  requireNames('a D-Bus message has no', header, NAMES);
  const { type, serial, flags = 0, littleEndian = true } = header;
  const code = TYPES.indexOf(type) + 1;
  if (code === 0) throw invalidValue(`type is one of ${TYPES.join(', ')}, not ${describeValue(type)}`);
  requireUint('flags', flags, 0, 0xff);
  requireUint('serial', serial, 1, 0xffffffff);
  const given = header as unknown as Readonly<Record<string, unknown>>;
  for (const required of REQUIRED[code] ?? []) {
    const name = FIELDS[required]?.name ?? '';
    if (given[name] === undefined) throw invalidValue(`a ${type} has a ${name}`);
  }
  const { signature = '' } = given;
  if (bodyLength > 0 && signature === '') throw invalidValue('a message with a body has a signature');
  // A bus closes the connection for it: every type takes at least a byte.
  if (bodyLength === 0 && signature !== '') {
    const shown = describeValue(signature);
    throw invalidValue(
      `a message with a signature has a body: the values of ${shown}, which a library of D-Bus marshals`,
    );
  }
  const fields = FIELDS.flatMap((field, index) => {
    if (field === undefined) return [];
    const value = index === UNIX_FDS ? fds || undefined : given[field.name];
    return value === undefined ? [] : [{ code: index, field, value: requireValue(field, value) }];
  });
  const texts = fields.reduce((sum, { value }) => sum + (typeof value === 'string' ? value.length : 0), 0);
  const writer = new Writer(FIXED_LENGTH + fields.length * MOST_OF_A_FIELD + texts + 8, littleEndian);
  writer.bytes((littleEndian ? 'l' : 'B').charCodeAt(0), code, flags, VERSION);
  writer.uint32(bodyLength);
  writer.uint32(serial);
  writer.uint32(0);
  for (const { code: number, field, value } of fields) {
    writer.align();
    writer.bytes(number, 1, field.type.charCodeAt(0), 0);
    if (typeof value === 'number') writer.uint32(value);
    else writer.text(value, field);
  }
  return writer.end();
}

class Writer {
  readonly #memory: Buffer;
  readonly #littleEndian: boolean;
  #at = 0;

  constructor(most: number, littleEndian: boolean) {
    this.#memory = Buffer.alloc(most); // Padding is of zero bytes.
    this.#littleEndian = littleEndian;
  }

  align(): void {
    this.#at += -this.#at & 7;
  }

  bytes(...bytes: number[]): void {
    for (const byte of bytes) this.#memory[this.#at++] = byte;
  }

  uint32(value: number): void {
    this.#put(value, this.#at);
    this.#at += 4;
  }

  /** @throws TypeError for what is not what the field must be */
  text(text: string, { name, type, check, rule }: Field): void {
    if (type === 'g') this.bytes(text.length);
    else this.uint32(text.length);
    const start = this.#at;
    const end = start + this.#memory.write(text, start, 'latin1');
    if (check?.(this.#memory, start, end) === false)
      throw invalidValue(`${name} is ${rule}, not ${describeValue(text)}`);
    this.#at = end + 1;
  }

  /** Says how long the fields are. */
  end(): Buffer {
    this.#put(this.#at - FIXED_LENGTH, FIXED_LENGTH - 4);
    this.align();
    return this.#memory.subarray(0, this.#at);
  }

  #put(value: number, at: number): void {
    if (this.#littleEndian) this.#memory.writeUInt32LE(value, at);
    else this.#memory.writeUInt32BE(value, at);
  }
}

/** What of it is no name shows once it is written. @throws TypeError and RangeError */
function requireValue({ name, type, rule }: Field, value: unknown): number | string {
  if (type === 'u') {
    requireUint(name, value, 1, 0xffffffff);
    return Number(value);
  }
  // Others would be written as another character.
  if (typeof value !== 'string' || !VISIBLE.test(value))
    throw invalidValue(`${name} is ${rule}, not ${describeValue(value)}`);
  if (type === 'g' && value.length > LONGEST_SIGNATURE)
    throw outOfRange(`signature has at most ${LONGEST_SIGNATURE} characters, not ${value.length}`);
  return value;
}

function requireUint(name: string, value: unknown, least: number, most: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw wrongNumber(`${name} is a number from ${least} to ${most}`, value);
}
