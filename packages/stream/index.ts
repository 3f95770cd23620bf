export { abortError, asError, onAbort, requireSignal, throwIfAborted } from './abort';
export { acknowledging, type Acknowledging, acknowledgingOf, type ControlFrame } from './acknowledging';
export type { Address } from './connect/address';
export { adopt } from './connect/adopt';
export { connect, requireConnectArguments } from './connect/connect';
export type { ConnectOptions } from './connect/connect-options';
export type { Expectation, ExpectedPeer } from './connect/expectation';
export { createConnection } from './connect/create-connection';
export type { Discarded } from './receive/discard';
export type { DiagnosticMessages, DiscardReason, WaitReason } from './diagnostics';
export { closeSource, type FdLike, type FdName, heldBack, numberOf, requireFdLike } from './fd-like';
export type { Authorize } from './connect/admission';
export { FdServer } from './connect/fd-server';
export type { ListenOptions } from './connect/listen-options';
export { GrowingPause } from './growing-pause';
export { immediate, nextTick } from './later';
export {
  type ConnectionQuota,
  FdQuota,
  type FdQuotaOptions,
  type QuotaFigures,
  type QuotaUsage,
  type UserUsage,
} from './limits/quota';
export { Fifo } from './fifo';
export type { FdSocketEvents } from './socket/events';
export {
  deadlineOfSending,
  discardFds,
  fdsAtAnchor,
  onHangup,
  quotaOfSocket,
  requireUnread,
  takeOver,
} from './socket/byte-duplex';
export type { Deadline, Owed } from './limits/deadlines/deadline';
export { type CodecFactory, FdSocket, type FdSocketOptions, type OnreadOptions } from './socket/fd-socket';
export { failSendingAlone, sendingFailed } from './socket/half-open';
export type { Peer } from './socket/peer';
export { FdFrame } from './frame';
export { codecOf, refuseAsFactory } from './codec-of';
export type {
  Ahead,
  CodecConnection,
  EncodedFrame,
  FrameCodec,
  FrameDecoder,
  FrameEncoder,
  MeasureAt,
  Measured,
} from './frame-codec';
export { listen, type ListenAddress } from './connect/listen';
export { netAddress } from './connect/address';
export type { FdServerEvents } from './connect/server-emitter';
export type { ServerStats } from './connect/server-totals';
export type { FrameCallback } from './receive/frame-handler';
export { copyOf } from './receive/own-memory';
export { framesFor } from './receive/frames-for';
export { type Reservation, reserveReading } from './receive/reservation';
export type { TakenOver } from './receive/taken-over';
export { holdReading, type Stopped, stopReading } from './reading-hold';
export { SOCKET_OPTIONS } from './socket/options';
export { type ReadOptions, signalOf } from './receive/read-options';
export { requireTransfer } from './send/arguments';
export { keepFds, type Kept } from './send/kept';
export { notOpenOf } from './send/not-open';
export { sendFrame } from './send/send-frame';
export { MAX_FDS_PER_SENDMSG } from './send/send-queue';
export type { SendOptions, WriteFdsOptions } from './send/outgoing';
export type { SocketStats } from './stats';
