import {
  counted,
  describeValue,
  invalidValue,
  type OptionNames,
  outOfRange,
  requireBoolean,
  requireOptions,
} from '../binding';
import { type FdLike, type FrameCodec, type Measured, refuseAsFactory } from '../stream';
import {
  DEFAULT_MAX_LENGTH,
  type Payload,
  type ReceivedPayload,
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
}

const OPTIONS: OptionNames<LengthPrefixedOptions> = {
  lengthBytes: true,
  countBytes: true,
  littleEndian: true,
  maxLength: true,
};

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
 * than `maxLength`, before anything is allocated for it.
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
  const headerLength = lengthBytes + countBytes;
  const longest = Math.min(maxLength, 2 ** (8 * lengthBytes) - 1);
  const mostFds = countBytes === 0 ? Infinity : 2 ** (8 * countBytes) - 1;

  /** @throws ERR_FRAME_TOO_LARGE */
  const measureAt = (memory: Uint8Array, start: number): Measured => {
    if (memory.length - start < headerLength) return { need: headerLength };
    const length = readUint(memory, start, lengthBytes, littleEndian);
    if (length > longest) throw tooLarge(length, longest);
    const fds = countBytes === 0 ? 'attached' : readUint(memory, start + lengthBytes, countBytes, littleEndian);
    return { length: headerLength + length, fds };
  };

  return {
    // With a count, large reads are exact where senders keep frames apart; without one, only those that stop at its end.
    reads: countBytes === 0 ? 'bounded' : 'greedy',
    descriptors: countBytes === 0 ? undefined : 'own',

    measure: Object.assign((buffered: Uint8Array) => measureAt(buffered, 0), { at: measureAt }),

    decode: (frame) => takePayload(frame, headerLength),

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
