export type { FrameCodec, Measured } from '../stream';
export {
  lengthPrefixed,
  type LengthPrefixedMessage,
  type LengthPrefixedOptions,
  type LengthPrefixedPayload,
} from './length-prefixed';
