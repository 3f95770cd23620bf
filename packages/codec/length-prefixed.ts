import {
  counted,
  describeValue,
  invalidValue,
  type OptionNames,
  outOfRange,
  requireBoolean,
  requireOptions,
} from '../binding';
import {
  type Acknowledging,
  acknowledging,
  type FdLike,
  type FrameCodec,
  type MeasureAt,
  type Measured,
  refuseAsFactory,
} from '../stream';
import {
  acknowledgingBy,
  isGreeting,
  LONGEST_ACKNOWLEDGED,
  notAcknowledging,
  notFramed,
  readControl,
  withControl,
} from './acknowledged';
import {
  DEFAULT_MAX_LENGTH,
  type Payload,
  type ReceivedPayload,
  requireFrame,
  requireMaxLength,
  requirePayload,
  takePayload,
  tooLarge,
} from './payload';

export interface LengthPrefixedOptions {
  /** Bytes of the payload's length at the front of each frame; default 4. */
  lengthBytes?: 1 | 2 | 4 | undefined;
  /** Bytes of the number of descriptors after it; default 2. With 0, the descriptors attached to the frame are its own. */
  countBytes?: 0 | 1 | 2 | 4 | undefined;
  /** Default false: network order. */
  littleEndian?: boolean | undefined;
  /** The longest payload, in bytes, that is received or sent; default 16 MiB. */
  maxLength?: number | undefined;
  /**
   * Each end tells the other which frames have arrived with their descriptors, and the sender keeps those until then. For
   * `framed()`, at both ends: its `send()` resolves when the peer has the message. With `window`, which is 64 by default, at most
   * so many descriptors are on their way unacknowledged, and further messages wait; a message without any counts as one. The
   * smaller window of both ends holds. Needs `lengthBytes: 4`, and a count. Default false.
   */
  acknowledge?: boolean | { readonly window?: number | undefined } | undefined;
}

const OPTIONS: OptionNames<LengthPrefixedOptions> = {
  lengthBytes: true,
  countBytes: true,
  littleEndian: true,
  maxLength: true,
  acknowledge: true,
};

const ACKNOWLEDGE: OptionNames<{ window: number }> = { window: true };

/** A received payload; whoever receives it owns the descriptors. */
export type LengthPrefixedMessage = ReceivedPayload;

/** A payload to send; the descriptors are borrowed. */
export type LengthPrefixedPayload = Payload;

/** What {@link lengthPrefixed} makes. Each frame it encodes is one piece. */
export interface LengthPrefixedCodec extends FrameCodec<LengthPrefixedMessage, LengthPrefixedPayload> {
  encode(payload: LengthPrefixedPayload): { bytes: Uint8Array; fds: readonly FdLike[] };
}

// The global is a getter, which shows where each frame asks it.
const { Buffer: NodeBuffer } = globalThis;

let usual: LengthPrefixedCodec | undefined;

/**
 * Frames of a length (of the payload alone), a number of descriptors, and the payload.
 * @throws TypeError and RangeError for options. Its `measure` and `encode` throw ERR_FRAME_TOO_LARGE for a payload longer
 * than `maxLength`, before anything is allocated for it, and `measure` ERR_FRAME_INVALID for a peer that acknowledges alone.
 */
export function lengthPrefixed(options?: LengthPrefixedOptions): LengthPrefixedCodec {
  // Codecs keep no state, so all sockets may have the same, as long as nobody changes it.
  return options === undefined ? (usual ??= Object.freeze(withOptions({}))) : withOptions(options);
}

function withOptions(options: LengthPrefixedOptions): LengthPrefixedCodec {
  refuseAsFactory('lengthPrefixed', options);
  requireOptions('lengthPrefixed()', options, OPTIONS);
  requireBoolean('littleEndian', options.littleEndian);
  const { lengthBytes = 4, countBytes = 2, littleEndian = false, maxLength = DEFAULT_MAX_LENGTH } = options;
  requireOneOf('lengthBytes', lengthBytes, [1, 2, 4]);
  requireOneOf('countBytes', countBytes, [0, 1, 2, 4]);
  requireMaxLength(maxLength);
  const acknowledged = acknowledgedBy(options.acknowledge, lengthBytes, countBytes);
  const headerLength = lengthBytes + countBytes;
  const most = acknowledged === undefined ? 2 ** (8 * lengthBytes) - 1 : LONGEST_ACKNOWLEDGED;
  // Of four bytes it is only another word for all that there is.
  if (lengthBytes < 4 && options.maxLength !== undefined && maxLength > most)
    throw outOfRange(
      `maxLength is at most ${most} with lengthBytes ${lengthBytes}, not ${maxLength}: raise lengthBytes`,
    );
  const longest = Math.min(maxLength, most);
  const mostFds = countBytes === 0 ? Infinity : 2 ** (8 * countBytes) - 1;

  /** @throws ERR_FRAME_TOO_LARGE */
  const measurePayload = (memory: Uint8Array, start: number): Measured => {
    if (memory.length - start < headerLength) return { need: headerLength };
    const length = readUint(memory, start, lengthBytes, littleEndian);
    if (length > longest) {
      if (isGreeting(memory, start)) throw notAcknowledging();
      throw tooLarge(length, longest, memory.subarray(start, start + lengthBytes));
    }
    const fds = countBytes === 0 ? 'attached' : readUint(memory, start + lengthBytes, countBytes, littleEndian);
    return { length: headerLength + length, fds };
  };

  const measureAt: MeasureAt = acknowledged === undefined ? measurePayload : withControl(measurePayload);

  return {
    ...(acknowledged === undefined ? undefined : { [acknowledging]: acknowledged }),
    // With a count, large reads are exact where senders keep frames apart; without one, only those that stop at its end.
    reads: countBytes === 0 ? 'bounded' : 'greedy',
    descriptors: countBytes === 0 ? undefined : 'own',

    measure: Object.assign((buffered: Uint8Array) => measureAt(buffered, 0, 0), { at: measureAt }),

    decode(frame) {
      requireFrame(frame);
      if (acknowledged !== undefined && readControl(frame.bytes) !== undefined) throw notFramed();
      return takePayload(frame, headerLength);
    },

    encode(payload) {
      const { bytes, fds } = requirePayload(payload, longest);
      if (fds.length > mostFds) {
        const count = counted(countBytes, 'byte');
        throw outOfRange(`fds has ${fds.length} descriptors, which do not fit a count of ${count}: raise countBytes`);
      }
      const frame = NodeBuffer.allocUnsafe(headerLength + bytes.length);
      writeUint(frame, bytes.length, 0, lengthBytes, littleEndian);
      if (countBytes > 0) writeUint(frame, fds.length, lengthBytes, countBytes, littleEndian);
      frame.set(bytes, headerLength);
      return { bytes: frame, fds };
    },
  };
}

/** @throws TypeError and RangeError */
function acknowledgedBy(
  acknowledge: unknown = false,
  lengthBytes: number,
  countBytes: number,
): Acknowledging | undefined {
  if (typeof acknowledge === 'boolean') {
    if (!acknowledge) return undefined;
  } else {
    const words = { called: 'acknowledge, unless it is true or false,' };
    requireOptions('acknowledge', acknowledge as object, ACKNOWLEDGE, words);
  }
  if (lengthBytes !== 4 || countBytes === 0)
    throw invalidValue('acknowledge needs lengthBytes 4, and a count: countBytes 1, 2 or 4');
  return acknowledgingBy((acknowledge as { window?: unknown }).window);
}

function requireOneOf(name: string, value: number, allowed: readonly number[]): void {
  if (!allowed.includes(value))
    throw invalidValue(`${name} is one of ${allowed.join(', ')}, not ${describeValue(value)}`);
}

function readUint(from: Uint8Array, offset: number, bytes: number, littleEndian: boolean): number {
  let value = 0;
  for (let index = 0; index < bytes; index++) {
    const at = littleEndian ? bytes - 1 - index : index;
    value = (value << 8) | (from[offset + at] ?? 0);
  }
  // Four bytes at most, so that what overflowed into the sign comes back.
  return value >>> 0;
}

/** Byte by byte, like its counterpart: Buffer's methods check again what is known here. */
function writeUint(into: Buffer, value: number, offset: number, bytes: number, littleEndian: boolean): void {
  let left = value;
  for (let index = 0; index < bytes; index++) {
    into[offset + (littleEndian ? index : bytes - 1 - index)] = left;
    left >>>= 8;
  }
}
