import { AncillaryError, counted } from '../../binding';
import { isBusName, isInterface, isMember, isObjectPath, isSignature, type NameCheck } from './names';
import { invalid, uint32At } from './values';

/** What stands before the header fields: byte order, type, flags, version, body length, serial, length of the fields. */
export const FIXED_LENGTH = 16;
/** The longest message, and the longest array, which the header fields are (D-Bus Specification, "Message Format"). */
export const LONGEST_MESSAGE = 2 ** 27;
const LONGEST_FIELDS = 2 ** 26;

const LITTLE_ENDIAN = 'l'.charCodeAt(0);
const BIG_ENDIAN = 'B'.charCodeAt(0);
export const VERSION = 1;
export const TYPES = ['method_call', 'method_return', 'error', 'signal'] as const;

/** A header field: its name, its type, what its text must be, and how that is called. */
export interface Field {
  readonly name: string;
  readonly type: 'o' | 's' | 'u' | 'g';
  readonly check?: NameCheck;
  readonly rule: string;
}

/** Header fields by their code ("Header Fields"). Others are ignored, as the specification demands. */
export const FIELDS: readonly (Field | undefined)[] = [
  undefined,
  { name: 'path', type: 'o', check: isObjectPath, rule: 'an object path, such as /org/example' },
  { name: 'interface', type: 's', check: isInterface, rule: 'an interface name, such as org.example.Thing' },
  { name: 'member', type: 's', check: isMember, rule: 'the name of a method or signal, such as Frobate' },
  { name: 'errorName', type: 's', check: isInterface, rule: 'an error name, such as org.example.Error' },
  { name: 'replySerial', type: 'u', rule: 'a number from 1 up' },
  { name: 'destination', type: 's', check: isBusName, rule: 'a bus name, such as org.example or :1.5' },
  { name: 'sender', type: 's', check: isBusName, rule: 'a bus name, such as org.example or :1.5' },
  { name: 'signature', type: 'g', check: isSignature, rule: 'a signature, such as a{sv}' },
  { name: 'unixFds', type: 'u', rule: 'a number from 0 up' },
];
export const REPLY_SERIAL = 5;
export const UNIX_FDS = 9;

/** The fields that a message of each type must have, by their codes. */
export const REQUIRED: readonly (readonly number[])[] = [[], [1, 3], [REPLY_SERIAL], [4, REPLY_SERIAL], [1, 2, 3]];

/** How a message is laid out. */
export interface Layout {
  readonly littleEndian: boolean;
  readonly serial: number;
  /** As a number: what there is not in {@link TYPES} is to be ignored. */
  readonly type: number;
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
  const type = memory[start + 1] ?? 0;
  if (type === 0) throw invalid(named(serial), 'it has the type 0');
  return { littleEndian, serial, type, fieldsEnd, bodyStart, end: start + length };
}

export function named(serial: number): string {
  return `the D-Bus message with the serial ${serial}`;
}
