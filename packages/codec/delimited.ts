import {
  AncillaryError,
  counted,
  describeValue,
  invalidType,
  invalidValue,
  type OptionNames,
  outOfRange,
  requireOptions,
  truthfulBuffer,
  wrongNumber,
} from '../binding';
import { type FrameCodec, type Measured, type MeasureAt, refuseAsFactory } from '../stream';
import { finderOf } from './finder';
import {
  around,
  DEFAULT_MAX_LENGTH,
  type Payload,
  type ReceivedPayload,
  requireFrame,
  requireMaxLength,
  requirePayload,
  takePayload,
} from './payload';

/**
 * How many descriptors a message has: always so many; what the function returns for its bytes, which come as a Buffer without the
 * delimiter; or `'attached'`, those that came with it.
 */
export type DelimitedFds = number | 'attached' | ((message: Buffer) => number | 'attached');

export interface DelimitedOptions {
  /** What ends each message, one byte at least, such as '\0' or '\r\n\r\n'; default '\n'. */
  delimiter?: string | Uint8Array | undefined;
  /** The longest message, in bytes and without the delimiter, that is received or sent; default 16 MiB. */
  maxLength?: number | undefined;
  /** How many descriptors a message has; default `'attached'`. */
  fds?: DelimitedFds | undefined;
}

const OPTIONS: OptionNames<DelimitedOptions> = { delimiter: true, maxLength: true, fds: true };

// The global is a getter, which shows where each frame asks it.
const { Buffer: NodeBuffer } = globalThis;
const NOTHING = new Uint8Array();

/**
 * Messages that end with a delimiter, which they do not contain: lines of JSON, QMP, the text of a SASL handshake or of an
 * HTTP header. Messages are handed out and taken without it.
 *
 * Reads are large, since the end of a message is known only once it was read. Of a sendmsg that ends several messages, the last
 * one gets the descriptors, and all are marked.
 *
 * @throws TypeError and RangeError for options. Its `measure` and `encode` throw ERR_FRAME_TOO_LARGE for a message longer than
 * `maxLength`; `encode` throws TypeError for one that contains the delimiter, and RangeError for one with another number of
 * descriptors than `fds` says.
 */
export function delimited(options: DelimitedOptions = {}): FrameCodec<ReceivedPayload, Payload> {
  refuseAsFactory('delimited', options);
  requireOptions('delimited()', options, OPTIONS);
  const { maxLength = DEFAULT_MAX_LENGTH, fds: declared = 'attached' } = options;
  requireMaxLength(maxLength);
  requireDeclared(declared);
  const delimiter = bytesOf(options.delimiter ?? '\n');
  const width = delimiter.length;
  const find = finderOf(delimiter);
  const fdsOf = typeof declared === 'function' ? checkedCount(declared) : undefined;
  const usual = typeof declared === 'function' ? 'attached' : declared;

  /** @throws ERR_FRAME_TOO_LARGE */
  const measureAt: MeasureAt = (memory, start, scanned): Measured => {
    const end = find(memory, start + scanned);
    const length = (end === -1 ? memory.length : end) - start;
    if (end === -1) {
      // The delimiter may have begun already.
      const searched = Math.max(0, length - width + 1);
      if (searched > maxLength) throw tooLong(maxLength);
      return { need: length + 1, scanned: searched };
    }
    if (length > maxLength) throw tooLong(maxLength);
    const fds = fdsOf === undefined ? usual : fdsOf(memory.subarray(start, end));
    return { length: length + width, fds };
  };

  /** Whether it is found too early: in a message, or begun by its end and made up by the delimiter itself. */
  const foundIn = (message: Uint8Array): boolean => {
    if (find(message, 0) !== -1) return true;
    if (width === 1) return false;
    const seam = NodeBuffer.concat([message.subarray(Math.max(0, message.length - width + 1)), delimiter]);
    return find(seam, 0) !== seam.length - width;
  };

  return {
    reads: 'greedy',

    measure: Object.assign((buffered: Uint8Array, scanned: number) => measureAt(buffered, 0, scanned), {
      at: measureAt,
    }),

    decode: (frame) => takePayload(requireFrame(frame), 0, frame.bytes.length - width),

    encode(payload) {
      const { bytes, fds } = requirePayload(payload, maxLength);
      if (foundIn(bytes)) throw invalidValue('the message has its delimiter in it: the peer would take it for two');
      const count = fdsOf === undefined ? usual : fdsOf(bytes);
      if (count !== 'attached' && count !== fds.length)
        throw outOfRange(`the message has ${counted(count, 'descriptor')} by its codec, and fds has ${fds.length}`);
      return { bytes: around(NOTHING, bytes, delimiter), fds };
    },
  };
}

function tooLong(maxLength: number): AncillaryError {
  return new AncillaryError(
    'ERR_FRAME_TOO_LARGE',
    `a message has no end within the ${counted(maxLength, 'byte')} allowed; what came of it is dropped`,
  );
}

/** A copy, which nobody changes. @throws TypeError */
function bytesOf(delimiter: unknown): Buffer {
  if (typeof delimiter !== 'string' && !(delimiter instanceof Uint8Array))
    throw invalidType(`delimiter is a string or a Uint8Array, not ${describeValue(delimiter)}`);
  const bytes = Buffer.from(delimiter as Uint8Array);
  if (bytes.length === 0) throw invalidValue('delimiter is at least one byte long');
  return bytes;
}

/** The function, with what it returns checked. It throws TypeError and RangeError, too. */
function checkedCount(fdsOf: Exclude<DelimitedFds, number | string>): (message: Uint8Array) => number | 'attached' {
  return (message) => {
    const count: unknown = fdsOf(NodeBuffer.isBuffer(message) ? message : truthfulBuffer(message));
    requireCount('fds() returns', 'at once', count);
    return count;
  };
}

/** @throws TypeError and RangeError */
function requireDeclared(fds: unknown): void {
  if (typeof fds !== 'function') requireCount('fds is', 'or a function that returns one of them', fds);
}

/** @throws TypeError and RangeError */
function requireCount(lead: string, rest: string, count: unknown): asserts count is number | 'attached' {
  if (count === 'attached') return;
  if (typeof count !== 'number')
    throw invalidType(`${lead} a number or 'attached', ${rest}, not ${describeValue(count)}`);
  if (!Number.isSafeInteger(count) || count < 0) throw wrongNumber(`${lead} a number from 0 up`, count);
}
