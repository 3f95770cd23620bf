import { AncillaryError, counted, describeValue, invalidType, type OwnedFd, wrongNumber } from '../binding';
import type { EncodedFrame, FdFrame, FdLike } from '../stream';

/** A received payload; whoever receives it owns the descriptors. */
export interface ReceivedPayload extends InDoubt {
  bytes: Buffer;
  fds: OwnedFd[];
}

/** What a message says of descriptors that came in a sendmsg with several messages. */
export interface InDoubt {
  /** Such a sendmsg had bytes of this message: descriptors it has may be another's, or another may have its own. */
  ambiguous?: true | undefined;
}

/** The mark of a frame, for its message; nothing where there is no doubt. */
export function doubtOf({ ambiguous }: FdFrame): InDoubt | undefined {
  return ambiguous ? { ambiguous } : undefined;
}

/** A payload to send; the descriptors are borrowed. */
export interface Payload {
  bytes: Uint8Array;
  fds?: readonly FdLike[] | undefined;
}

/** The longest payload, in bytes, where nothing else is said. */
export const DEFAULT_MAX_LENGTH = 16 * 1024 * 1024;

/** @throws TypeError for what `decode()` is given in place of a frame, such as its bytes alone */
export function requireFrame(frame: FdFrame): FdFrame {
  const given = frame as Partial<FdFrame> | null | undefined;
  if (given?.bytes !== undefined && given.fds !== undefined) return frame;
  throw invalidType(`decode() takes a frame, as frames() and receive() return it, not ${describeValue(given)}`);
}

/** A payload with its descriptors, of a frame in which it lies from `start` to `end`. */
export function takePayload(frame: FdFrame, start: number, end = frame.bytes.length): ReceivedPayload {
  return { bytes: frame.bytes.subarray(start, end), fds: frame.fds.splice(0), ...doubtOf(frame) };
}

/**
 * The parts of what `encode()` was given.
 * @throws TypeError; ERR_FRAME_TOO_LARGE
 */
export function requirePayload(payload: Payload, longest: number): { bytes: Uint8Array; fds: readonly FdLike[] } {
  const given: unknown = payload;
  if (typeof given !== 'object' || given === null || given instanceof Uint8Array)
    throw invalidType(`encode() takes { bytes, fds }, not ${describeValue(given)}`);
  const { bytes, fds = [] } = payload;
  if (!(bytes instanceof Uint8Array))
    throw invalidType(`encode() takes { bytes, fds }, bytes a Uint8Array, not ${describeValue(bytes)}`);
  requireFds(fds);
  if (bytes.length > longest) throw tooLarge(bytes.length, longest);
  return { bytes, fds };
}

/** @throws TypeError for what is no array of descriptors in a message to encode */
export function requireFds(fds: unknown): void {
  if (!Array.isArray(fds))
    throw invalidType(`encode() takes { bytes, fds }, fds an array of descriptors, not ${describeValue(fds)}`);
}

/** @throws RangeError for what is no number of bytes */
export function requireMaxLength(maxLength: number): void {
  if (!Number.isSafeInteger(maxLength) || maxLength < 0) throw wrongNumber('maxLength is a number of bytes', maxLength);
}

/** @param header what said so, where it may be something else */
export function tooLarge(length: number, longest: number, header?: Uint8Array): AncillaryError {
  const doubt =
    header?.every((byte) => byte >= 0x20 && byte < 0x7f) === true
      ? `. The length is the text ${describeValue(Buffer.from(header).toString('latin1'))}: the peer may speak another protocol`
      : '';
  return new AncillaryError(
    'ERR_FRAME_TOO_LARGE',
    `a payload of ${counted(length, 'byte')} is longer than the ${longest} allowed (maxLength); nothing was allocated for it${doubt}`,
  );
}

// The global is a getter, which shows where each frame asks it.
const { Buffer: NodeBuffer } = globalThis;

/** A payload so long is sent from where it is; a shorter one is copied sooner than sent in a piece of its own. */
const LONG = 4096;

/** The bytes of a frame that has something short before or behind its payload. */
export function around(before: Uint8Array, payload: Uint8Array, behind: Uint8Array): EncodedFrame['bytes'] {
  if (payload.length >= LONG) return [before, payload, behind].filter(({ length }) => length > 0);
  const end = before.length + payload.length;
  const frame = NodeBuffer.allocUnsafe(end + behind.length);
  if (before.length > 0) frame.set(before);
  frame.set(payload, before.length);
  // A call for each of these few would take longer than they do.
  for (let index = 0; index < behind.length; index++) frame[end + index] = behind[index] ?? 0;
  return frame;
}
