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
export { dbusHeader, type DBusHeader, type DBusHeaderFields } from './dbus/header';
export type { DBusOutgoingHeader } from './dbus/marshal-header';
export { type DBusMessage, dbusMessages, type DBusMessagesOptions, type DBusOutgoing } from './dbus/messages';
export {
  lengthPrefixed,
  type LengthPrefixedCodec,
  type LengthPrefixedMessage,
  type LengthPrefixedOptions,
  type LengthPrefixedPayload,
} from './length-prefixed';
export { contentLength, type ContentLengthOptions } from './content-length';
export { delimited, type DelimitedFds, type DelimitedOptions } from './delimited';
export type { InDoubt, Payload, ReceivedPayload } from './payload';
export {
  type OutgoingVarlinkMessage,
  type VarlinkBody,
  type VarlinkMessage,
  varlinkMessages,
  type VarlinkMessagesOptions,
} from './varlink-messages';
export {
  type OutgoingVhostUserMessage,
  type VhostUserMessage,
  vhostUserMessages,
  type VhostUserMessagesOptions,
} from './vhost-user-messages';
export {
  type WaylandCodec,
  type WaylandMessage,
  waylandMessages,
  type WaylandMessagesOptions,
  type WaylandOutgoing,
  type WaylandValue,
} from './wayland/messages';
export type { WaylandSide } from './wayland/objects';
export type {
  WaylandArgument,
  WaylandArgumentType,
  WaylandInterface,
  WaylandProtocol,
  WaylandSignature,
} from './wayland/protocol';
export type { WaylandNewObject } from './wayland/read';
export { waylandProtocol } from './wayland/xml';
