import { AncillaryError, wrongNumber } from '../binding';
import type { Acknowledging, ControlFrame, MeasureAt } from '../stream';

/*
 * Frames of lengthPrefixed() that are acknowledged. Beside them there are frames for control, of 8 bytes: 0xFF, what it is,
 * 0xFFFF, and a number in network order. Taken for a length in either order of bytes, the first 4 are more than any frame has,
 * so a peer without the option fails at the first of them, with ERR_FRAME_INVALID, or ERR_FRAME_TOO_LARGE where it does not know them.
 *
 * - 'H', the greeting, which each end sends first: how many descriptors the peer may have unacknowledged.
 * - 'A': so many frames more, in the order in which they came, have arrived with their descriptors.
 */

const LENGTH = 8;
const KINDS = { greeting: 0x48, acknowledgement: 0x41 } as const;
/** Lengths from here on are no lengths: the first byte of a frame for control, in network order or the other one. */
export const LONGEST_ACKNOWLEDGED = 0xff000000 - 1;

const DEFAULT_WINDOW = 64;
const LARGEST_WINDOW = 0xffff;

/** @throws TypeError and RangeError */
export function acknowledgingBy(window: unknown = DEFAULT_WINDOW): Acknowledging {
  if (!Number.isSafeInteger(window) || Number(window) < 1 || Number(window) > LARGEST_WINDOW)
    throw wrongNumber(`window is a number of descriptors from 1 to ${LARGEST_WINDOW}`, window);
  return { window: Number(window), encode: encodeControl, read: readControl };
}

function encodeControl({ kind, value }: ControlFrame): Uint8Array {
  const bytes = Buffer.alloc(LENGTH, 0xff);
  bytes[1] = KINDS[kind];
  bytes.writeUInt32BE(value, 4);
  return bytes;
}

/** What a whole frame says, or undefined for one with a payload. */
export function readControl(frame: Buffer): ControlFrame | undefined {
  const kind = kindAt(frame, 0);
  return kind === undefined ? undefined : { kind, value: frame.readUInt32BE(4) };
}

/** Measures frames for control, too. */
export function withControl(measureAt: MeasureAt): MeasureAt {
  return (memory, start, scanned) => {
    if (kindAt(memory, start) === undefined) return measureAt(memory, start, scanned);
    return memory.length - start < LENGTH ? { need: LENGTH } : { length: LENGTH, fds: 0 };
  };
}

/** For whoever reads such frames as others. */
export function notFramed(): AncillaryError {
  return new AncillaryError(
    'ERR_FRAME_INVALID',
    'a frame for acknowledgements came where frames are read without: read lengthPrefixed() with acknowledge by framed()',
  );
}

/** Whether a length that is too large is a peer's greeting. */
export function isGreeting(memory: Uint8Array, start: number): boolean {
  return kindAt(memory, start) === 'greeting';
}

/** For whoever reads without, and gets a greeting. */
export function notAcknowledging(): AncillaryError {
  return new AncillaryError(
    'ERR_FRAME_INVALID',
    'the peer wants to acknowledge what it gets, and this end does not: set acknowledge of lengthPrefixed() at both ends or at neither',
  );
}

function kindAt(memory: Uint8Array, start: number): ControlFrame['kind'] | undefined {
  if (memory[start] !== 0xff || memory[start + 2] !== 0xff || memory[start + 3] !== 0xff) return undefined;
  if (memory[start + 1] === KINDS.greeting) return 'greeting';
  return memory[start + 1] === KINDS.acknowledgement ? 'acknowledgement' : undefined;
}
