import { AncillaryError, counted } from '../../binding';
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

/** Header fields by their code ("Header Fields"): name and type. Others are ignored, as the specification demands. */
export const FIELDS = [
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
export const UNIX_FDS = 9;

/** Names and paths are ASCII without spaces, so a program may compare them as text. */
export const VISIBLE = /^[!-~]*$/;

/** The fields that a message of each type must have. */
export const REQUIRED: Readonly<Record<(typeof TYPES)[number] | 'unknown', readonly string[]>> = {
  method_call: ['path', 'member'],
  method_return: ['replySerial'],
  error: ['errorName', 'replySerial'],
  signal: ['path', 'interface', 'member'],
  unknown: [],
};

/** How a message is laid out. */
export interface Layout {
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

export function named(serial: number): string {
  return `the D-Bus message with the serial ${serial}`;
}
