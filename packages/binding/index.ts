export {
  describeValue,
  invalidType,
  invalidValue,
  outOfRange,
  wrongNumber,
  requireBoolean,
  requireBytes,
  requireDescriptors,
  requireIterable,
  requireMethods,
  requireObject,
} from './argument-errors';
export { warnOfFewNumbers } from './few-numbers';
export { BufferView, truthful, truthfulBuffer } from './buffer-view';
export type { ByteRange } from './byte-range';
export { counted } from './counted';
export { type DescriptorTable, getProcessTable, hasProcessTable, setProcessTable } from './descriptor-table';
export { AncillaryError, type AncillaryErrorCode, errnoName, type SystemError, systemError } from './errors';
export type { FdAccount } from './fd-account';
export { FD_KINDS, type FdKind, kindByName } from './fd-kind';
export { INSPECT, show, type ShownHow } from './inspect';
export { DEFAULT_MAX_DEPTH, isDeeper, requireMaxDepth } from './json-depth';
export type {
  BoundAddress,
  ListenerEvents,
  ListenerHandle,
  ListeningBinding,
  SocketFile,
  WatchedCloses,
} from './listening';
export { LostNumbers } from './lost-numbers';
export {
  type Elsewhere,
  isPlain,
  type OptionNames,
  requireNames,
  requireOptions,
  requireTogether,
} from './option-names';
export { OwnedFd } from './owned-fd';
export type { PeerBinding, PeerCredentials } from './peer-binding';
export { printable } from './printable';
export type {
  Anchor,
  LookAhead,
  ReadEnd,
  Segment,
  SendPart,
  SendResult,
  PutOffReason,
  SocketBinding,
  SegmentReceiver,
  SocketEvents,
  SocketHandle,
} from './socket-binding';
