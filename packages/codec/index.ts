export type { FrameCodec, MeasureAt, Measured } from '../stream';
export {
  lengthPrefixed,
  type LengthPrefixedMessage,
  type LengthPrefixedOptions,
  type LengthPrefixedPayload,
} from './length-prefixed';
