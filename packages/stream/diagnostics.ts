import { channel } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { AncillaryError, ByteRange, PeerCredentials, PutOffReason } from '../binding';
import type { FdFrame } from './frame';

/** What sending or reading waits for. */
export type WaitReason =
  /** Sending: the peer does not read, and the kernel takes no more. */
  | 'room'
  /** Sending: the kernel is out of memory, or too many descriptors of this user are on their way. It is tried again. */
  | 'kernel'
  /** Sending: as many descriptors as may be are on their way to the peer, or to others of its user. It is tried again. */
  | 'in-flight'
  /** Reading: the peer's user holds as much as it may. */
  | 'quota'
  /** Reading: whoever reads has as much as its limits allow and does not take it. */
  | 'consumer'
  | PutOffReason;

/** Why descriptors that arrived were closed without reaching anyone. */
export type DiscardReason =
  /** Bytes were read as 'data' and nobody listened to 'fds'. */
  | 'no-listener'
  /** The socket has `receiveFds: false`. */
  | 'refused'
  /** More than the frame declared or `maxFdsPerFrame` allows. */
  | 'surplus'
  /** Of a frame that lost others to truncation. */
  | 'truncated'
  /** The peer's user holds as many as it may. */
  | 'quota'
  /** Of a frame that came with fewer than it declared. */
  | 'missing'
  /** The stream ended inside their frame, or the rest of it did not come in time, or they belonged to none. */
  | 'incomplete'
  /**
   * The message of HTTP that they came with is over, and nobody took them; or the message of `rpc()`, or of a framework, reached
   * nobody: a call that was refused or cancelled before it was started, or an answer for which nobody waits any more.
   */
  | 'untaken'
  /** The socket was destroyed before anyone took them. */
  | 'destroyed';

/**
 * What is published on the channels of `node:diagnostics_channel`, by their names. Nothing is made while nobody subscribes. All
 * of it is borrowed: a subscriber neither closes descriptors nor keeps bytes.
 */
export interface DiagnosticMessages<Socket = Duplex, Server = EventEmitter> {
  /** A socket is open: connected, accepted, adopted or one of a pair. */
  'ancillary:socket:open': { readonly socket: Socket };
  /** It is closed. `error` is why it was destroyed, if for a reason: its `code` says which limit was reached. */
  'ancillary:socket:close': { readonly socket: Socket; readonly error: Error | undefined };
  /** What one recvmsg brought. `truncated`: the kernel dropped descriptors of it. */
  'ancillary:socket:segment': {
    readonly socket: Socket;
    readonly bytes: number;
    readonly fds: number;
    readonly truncated: boolean;
  };
  /** Sending or reading does not go on for now. */
  'ancillary:socket:wait': { readonly socket: Socket; readonly reason: WaitReason };
  /** A frame is about to be returned to whoever reads frames. */
  'ancillary:frame:receive': { readonly socket: Socket; readonly frame: FdFrame };
  /** The kernel took the last byte of a frame, or of a chunk that was written. */
  'ancillary:frame:send': { readonly socket: Socket; readonly bytes: number; readonly fds: number };
  /** Received descriptors were closed, and reached nobody: what the event 'discarded' reports, too. */
  'ancillary:fds:discard': {
    readonly socket: Socket;
    readonly count: number;
    readonly range: ByteRange;
    readonly reason: DiscardReason;
  };
  /** A server has accepted a connection and let it in. */
  'ancillary:server:connection': { readonly server: Server; readonly socket: Socket };
  /** A server refused a connection, as the event 'refused' reports. */
  'ancillary:server:refuse': {
    readonly server: Server;
    readonly error: AncillaryError;
    readonly peer: PeerCredentials;
  };
  /** A server closed a connection, as there were `maxConnections`. */
  'ancillary:server:drop': { readonly server: Server };
}

type Name = keyof DiagnosticMessages;

/** A channel, typed. */
interface Published<Message> {
  readonly hasSubscribers: boolean;
  publish(message: Message): void;
}

function channelOf<N extends Name>(name: N): Published<DiagnosticMessages[N]> {
  return channel(name);
}

// Looked up once: a channel that nobody has is garbage, and its subscribers with it.
export const socketOpened = channelOf('ancillary:socket:open');
export const socketClosed = channelOf('ancillary:socket:close');
export const segmentReceived = channelOf('ancillary:socket:segment');
export const waitBegan = channelOf('ancillary:socket:wait');
export const frameReceived = channelOf('ancillary:frame:receive');
export const frameSent = channelOf('ancillary:frame:send');
export const fdsDiscarded = channelOf('ancillary:fds:discard');
export const connectionAccepted = channelOf('ancillary:server:connection');
export const connectionRefused = channelOf('ancillary:server:refuse');
export const connectionDropped = channelOf('ancillary:server:drop');
