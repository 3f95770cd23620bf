import { counted, requireBytes } from '../../binding';
import { FieldReader } from './fields';
import { FIELDS, FIXED_LENGTH, layoutAt, LONGEST_MESSAGE, named, TYPES } from './layout';
import { invalid } from './values';

/** What a message of any type may say in its header. */
export interface DBusHeaderFields {
  readonly littleEndian: boolean;
  /** A combination of 1 (no reply expected), 2 (no auto start) and 4 (allow interactive authorization). */
  readonly flags: number;
  /** The number that an answer has as its `replySerial`. */
  readonly serial: number;
  readonly path?: string | undefined;
  readonly interface?: string | undefined;
  readonly member?: string | undefined;
  readonly errorName?: string | undefined;
  readonly replySerial?: number | undefined;
  readonly destination?: string | undefined;
  /** On a bus, the bus says who it is. */
  readonly sender?: string | undefined;
  /** The types of the values in the body. */
  readonly signature?: string | undefined;
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

/**
 * The header of a D-Bus message, such as `frame.bytes`, without touching its descriptors.
 * @throws ERR_FRAME_INVALID; ERR_FRAME_TOO_LARGE; TypeError
 */
export function dbusHeader(message: Uint8Array): DBusHeader {
  return readHeader(message) as unknown as DBusHeader;
}

/** The same as an object of the caller's own. */
export function readHeader(message: Uint8Array): Record<string, unknown> {
  requireBytes('message', message);
  if (message.length < FIXED_LENGTH) throw invalid('a D-Bus message', `it has ${counted(message.length, 'byte')} only`);
  const layout = layoutAt(message, 0, LONGEST_MESSAGE);
  if (layout.end !== message.length) {
    throw invalid(named(layout.serial), `it says that it has ${layout.end} bytes, and has ${message.length}`);
  }
  const text = message instanceof Buffer ? message : Buffer.from(message.buffer, message.byteOffset, message.length);
  const fields = new FieldReader(message, 0, layout);
  const type = TYPES[layout.type - 1] ?? 'unknown';
  const header: Record<string, unknown> = {
    type,
    littleEndian: layout.littleEndian,
    flags: message[2],
    serial: layout.serial,
    unixFds: 0,
    bodyLength: layout.end - layout.bodyStart,
  };
  while (fields.next()) {
    const name = FIELDS[fields.code]?.name ?? '';
    // Names are ASCII.
    header[name] = fields.textStart < 0 ? fields.number : text.toString('latin1', fields.textStart, fields.textEnd);
  }
  return header;
}
