import {
  DEFAULT_MAX_DEPTH,
  invalidValue,
  type OptionNames,
  OwnedFd,
  requireMaxDepth,
  requireOptions,
} from '../../binding';
import { lengthPrefixed, type Payload, type ReceivedPayload } from '../../codec';
import type { FrameCodec } from '../../stream';
import { closePacked, pack } from './pack';
import { unpack } from './unpack';

export interface JsonValuesOptions {
  /**
   * How the JSON text is framed: a codec of payloads, such as `contentLength()`. Default `lengthPrefixed({ maxLength })`, with
   * a maximum of 1 MiB: what is larger goes as a memfd.
   */
  frames?: FrameCodec<ReceivedPayload, Payload> | undefined;
  /** The longest message, in bytes, that is received or sent; for the default `frames`. */
  maxLength?: number | undefined;
  /** How deep a value may be nested; default 256 arrays and objects. */
  maxDepth?: number | undefined;
}

const OPTIONS: OptionNames<JsonValuesOptions> = { frames: true, maxLength: true, maxDepth: true };

/** It is parsed at once, and the event loop does nothing else meanwhile. */
export const DEFAULT_MAX_LENGTH = 1024 * 1024;

/** A value that was received. Whoever receives it owns the descriptors in it. */
export interface ReceivedValue {
  readonly value: unknown;
  /** Each of them once, wherever in the value it is: to close what was not taken. */
  readonly fds: readonly OwnedFd[];
}

/**
 * A codec for JSON values that hold descriptors. The payload of its frames is JSON text, in which `{"$fd":0}` stands for the first descriptor of the frame.
 * @throws TypeError and RangeError for options. Its `encode` throws TypeError for what JSON does not have, RangeError for what
 * is nested too deep, ERR_FRAME_TOO_LARGE; its `decode` what `unpack()` throws.
 */
export function jsonValues(options: JsonValuesOptions = {}): FrameCodec<ReceivedValue, unknown> {
  requireOptions('jsonValues()', options, OPTIONS);
  if (options.frames !== undefined && options.maxLength !== undefined)
    throw invalidValue('maxLength does nothing beside frames: give it to the codec that you gave as frames');
  const { maxLength = DEFAULT_MAX_LENGTH, maxDepth = DEFAULT_MAX_DEPTH } = options;
  const { frames = lengthPrefixed({ maxLength }) } = options;
  requireMaxDepth(maxDepth);
  return {
    ...frames,

    decode(frame) {
      const { bytes, fds } = frames.decode(frame);
      try {
        return { value: unpack(bytes.toString(), fds, frame, maxDepth), fds };
      } catch (error) {
        OwnedFd.closeAll(fds);
        throw error;
      }
    },

    encode(value) {
      const packed = pack(value, maxDepth);
      const { text, fds, transfer } = packed;
      try {
        const { bytes } = frames.encode({ bytes: Buffer.from(text), fds });
        return { bytes, fds, transfer };
      } catch (error) {
        closePacked(value, packed);
        throw error;
      }
    },
  };
}
