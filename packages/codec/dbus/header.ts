import { AncillaryError, counted, requireBytes } from '../../binding';
import { invalid, uint32At, ValueReader } from './values';

/** What stands before the header fields: byte order, type, flags, version, body length, serial, length of the fields. */
export const FIXED_LENGTH = 16;
/** The longest message, and the longest array, which the header fields are (D-Bus Specification, "Message Format"). */
export const LONGEST_MESSAGE = 2 ** 27;
const LONGEST_FIELDS = 2 ** 26;

const LITTLE_ENDIAN = 'l'.charCodeAt(0);
const BIG_ENDIAN = 'B'.charCodeAt(0);
const VERSION = 1;
const TYPES = ['method_call', 'method_return', 'error', 'signal'] as const;

/** Header fields by their code ("Header Fields"): name and type. Others are ignored, as the specification demands. */
const FIELDS = [
  undefined,
  ['path', 'o'],
  ['interface', 's'],
  ['member', 's'],
  ['errorName', 's'],
  ['replySerial', 'u'],
  ['destination', 's'],
  ['sender', 's'],
  ['signature', 'g'],
  ['unixFds', 'u'],
] as const;
const UNIX_FDS = 9;

/** Names and paths are ASCII without spaces, so a program may compare them as text. */
const VISIBLE = /^[!-~]*$/;

/** What a message of any type may say in its header. */
export interface DBusHeaderFields {
  readonly littleEndian: boolean;
  /** A combination of 1 (no reply expected), 2 (no auto start) and 4 (allow interactive authorization). */
  readonly flags: number;
  /** The number that an answer has as its `replySerial`. */
  readonly serial: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  /** On a bus, the bus says who it is. */
  readonly sender?: string;
  /** The types of the values in the body. */
  readonly signature?: string;
  /** How many descriptors the message has. */
  readonly unixFds: number;
  /** So many bytes at the end of the message are its body. */
  readonly bodyLength: number;
}

/** The header of a message, with the fields that its type requires. */
export type DBusHeader =
  | (DBusHeaderFields & { readonly type: 'method_call'; readonly path: string; readonly member: string })
  | (DBusHeaderFields & { readonly type: 'method_return'; readonly replySerial: number })
  | (DBusHeaderFields & { readonly type: 'error'; readonly errorName: string; readonly replySerial: number })
  | (DBusHeaderFields & {
      readonly type: 'signal';
      readonly path: string;
      readonly interface: string;
      readonly member: string;
    })
  /** To be ignored, says the specification. */
  | (DBusHeaderFields & { readonly type: 'unknown' });

const REQUIRED: Readonly<Record<DBusHeader['type'], readonly (keyof DBusHeaderFields)[]>> = {
  method_call: ['path', 'member'],
  method_return: ['replySerial'],
  error: ['errorName', 'replySerial'],
  signal: ['path', 'interface', 'member'],
  unknown: [],
};

/** How a message is laid out. */
interface Layout {
  readonly littleEndian: boolean;
  readonly serial: number;
  readonly fieldsEnd: number;
  readonly bodyStart: number;
  readonly end: number;
}

/**
 * Reads the fixed part of the message at `start`.
 * @throws ERR_FRAME_INVALID; ERR_FRAME_TOO_LARGE
 */
export function layoutAt(memory: Uint8Array, start: number, longest: number): Layout {
  const order = memory[start];
  const littleEndian = order === LITTLE_ENDIAN;
  if (!littleEndian && order !== BIG_ENDIAN)
    throw invalid('a D-Bus message', `its first byte is ${order}, not 'l' or 'B'`);
  const version = memory[start + 3];
  if (version !== VERSION)
    throw invalid('a D-Bus message', `it is of the protocol's version ${version}, not ${VERSION}`);
  const serial = uint32At(memory, start + 8, littleEndian);
  if (serial === 0) throw invalid('a D-Bus message', 'its serial is 0');
  const body = uint32At(memory, start + 4, littleEndian);
  const fields = uint32At(memory, start + 12, littleEndian);
  const fieldsEnd = start + FIXED_LENGTH + fields;
  // The body begins at a multiple of 8, and bytes before the message do not count.
  const bodyStart = fieldsEnd + (-fields & 7);
  const length = bodyStart - start + body;
  if (fields > LONGEST_FIELDS || length > longest) {
    throw new AncillaryError(
      'ERR_FRAME_TOO_LARGE',
      `the D-Bus message with the serial ${serial} has ${counted(length, 'byte')}, ${fields} of them header fields, where at most ` +
        `${longest} and ${LONGEST_FIELDS} are allowed; nothing was allocated for it`,
    );
  }
  if (memory[start + 1] === 0) throw invalid(named(serial), 'it has the type 0');
  return { littleEndian, serial, fieldsEnd, bodyStart, end: start + length };
}

function named(serial: number): string {
  return `the D-Bus message with the serial ${serial}`;
}

/** The header fields of a message, one after the other. */
class FieldReader {
  readonly #memory: Uint8Array;
  readonly #values: ValueReader;
  /** Bits of the codes that there were. */
  #seen = 0;
  code = 0;
  /** Where the text is that the field has; -1 if it has a number. */
  textStart = -1;
  textEnd = -1;
  number = 0;

  constructor(memory: Uint8Array, start: number, { fieldsEnd, littleEndian, serial }: Layout) {
    this.#memory = memory;
    this.#values = new ValueReader(memory, start, start + FIXED_LENGTH, fieldsEnd, littleEndian, serial);
  }

  /** Goes on to the next field that this knows; false when there is none. @throws ERR_FRAME_INVALID */
  next(): boolean {
    const values = this.#values;
    while (!values.done) {
      values.align(8);
      this.code = values.byte();
      const signature = values.text(1);
      const known = FIELDS[this.code];
      if (known !== undefined) {
        this.#readKnown(known[1], signature, values.at - 1);
        return true;
      }
      if (this.code === 0) throw values.broken('it has the header field 0');
      const end = values.at - 1;
      if (values.skip(signature, end) !== end) throw values.broken('a header field is not of exactly one type');
    }
    return false;
  }

  broken(rule: string): AncillaryError {
    return this.#values.broken(rule);
  }

  #readKnown(type: 'o' | 's' | 'u' | 'g', signature: number, signatureEnd: number): void {
    const values = this.#values;
    if (signatureEnd !== signature + 1 || this.#memory[signature] !== type.charCodeAt(0)) {
      throw values.broken(`its header field ${this.code} is not of the type '${type}'`);
    }
    const bit = 1 << this.code;
    if ((this.#seen & bit) !== 0) throw values.broken(`it has the header field ${this.code} twice`);
    this.#seen |= bit;
    if (type === 'u') {
      this.textStart = -1;
      this.number = values.uint32();
    } else {
      this.textStart = values.text(type === 'g' ? 1 : 4);
      this.textEnd = values.at - 1;
    }
  }
}

/** How many descriptors the header fields declare. @throws ERR_FRAME_INVALID */
export function declaredFds(memory: Uint8Array, start: number, layout: Layout): number {
  const fields = new FieldReader(memory, start, layout);
  let fds = 0;
  while (fields.next()) if (fields.code === UNIX_FDS) fds = fields.number;
  return fds;
}

/**
 * The header of a D-Bus message, such as `frame.bytes`, without touching its descriptors.
 * @throws ERR_FRAME_INVALID; ERR_FRAME_TOO_LARGE; TypeError
 */
export function dbusHeader(message: Uint8Array): DBusHeader {
  requireBytes('message', message);
  if (message.length < FIXED_LENGTH) throw invalid('a D-Bus message', `it has ${counted(message.length, 'byte')} only`);
  const layout = layoutAt(message, 0, LONGEST_MESSAGE);
  if (layout.end !== message.length) {
    throw invalid(named(layout.serial), `it says that it has ${layout.end} bytes, and has ${message.length}`);
  }
  const text = Buffer.from(message.buffer, message.byteOffset, message.length);
  const fields = new FieldReader(message, 0, layout);
  const type = TYPES[(message[1] ?? 0) - 1] ?? 'unknown';
  const header: Record<string, unknown> = {
    type,
    littleEndian: layout.littleEndian,
    flags: message[2],
    serial: layout.serial,
    unixFds: 0,
    bodyLength: layout.end - layout.bodyStart,
  };
  while (fields.next()) {
    const name = FIELDS[fields.code]?.[0] ?? '';
    header[name] = fields.textStart < 0 ? fields.number : text.toString('latin1', fields.textStart, fields.textEnd);
    if (!VISIBLE.test(String(header[name]))) throw fields.broken(`its ${name} is no name`);
  }
  for (const name of REQUIRED[type]) if (header[name] === undefined) throw fields.broken(`a ${type} without ${name}`);
  return header as unknown as DBusHeader;
}
