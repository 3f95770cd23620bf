export type {
  Ahead,
  CodecFactory,
  EncodedFrame,
  FrameCodec,
  FrameDecoder,
  FrameEncoder,
  MeasureAt,
  Measured,
} from '../stream';
export {
  lengthPrefixed,
  type LengthPrefixedCodec,
  type LengthPrefixedMessage,
  type LengthPrefixedOptions,
  type LengthPrefixedPayload,
} from './length-prefixed';
