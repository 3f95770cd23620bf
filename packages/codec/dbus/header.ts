import { type AncillaryError, counted, requireBytes } from '../../binding';
import {
  FIELDS,
  FIXED_LENGTH,
  type Layout,
  layoutAt,
  LONGEST_MESSAGE,
  named,
  REQUIRED,
  TYPES,
  UNIX_FDS,
  VISIBLE,
} from './layout';
import { invalid, ValueReader } from './values';

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
