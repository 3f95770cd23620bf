import { describeValue, invalidType } from '../binding';
import type { EncodedFrame, FrameCodec, FrameEncoder } from '../stream';

/** The frame of a message. @throws TypeError for a codec that is only read with, and for what is no frame; what it throws */
export function encode<Out>(codec: FrameCodec<unknown, Out>, message: Out): EncodedFrame {
  const encoder: Partial<FrameEncoder<Out>> = codec;
  if (typeof encoder.encode !== 'function') {
    throw invalidType('the codec has no function encode(): it is only read with, and nothing can be sent');
  }
  return requireEncoded(encoder.encode(message));
}

/** @throws TypeError for what a codec in plain JavaScript may return instead: bytes alone, or a Promise */
function requireEncoded(encoded: EncodedFrame): EncodedFrame {
  const given: unknown = encoded;
  if (typeof given === 'object' && given !== null && 'bytes' in given) return encoded;
  throw invalidType(`codec.encode() returns { bytes, fds }, at once, not ${describeValue(given)}`);
}
