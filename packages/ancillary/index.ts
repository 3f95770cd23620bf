import type * as net from 'node:net';
import { type OwnedFd, setProcessTable } from '../binding';
import { nativeBinding } from '../binding-native';
import {
  type Address,
  adopt as adoptWith,
  connect as connectWith,
  type ConnectOptions,
  createConnection as createConnectionWith,
  type DiagnosticMessages as Messages,
  type FdServer,
  type FdSocket,
  type FdSocketOptions,
  listen as listenWith,
  type ListenAddress,
  type ListenOptions,
} from '../stream';

// The one place that names an implementation: everything below runs on the kernel this process runs on.
setProcessTable(nativeBinding.descriptors);

/**
 * A socket at once, which connects to a Unix stream socket, as `net.createConnection()`: `'connect'` and `'ready'` tell
 * when it has, `'error'` why it could not. What is sent and read before waits until then.
 * @param onConnect a listener for `'connect'`; it may take the place of the options
 * @throws TypeError and RangeError for arguments; all else is `'error'`: AbortError, ETIMEDOUT,
 * ERR_UNAUTHORIZED where another than expected listens, system errors of connect(2)
 */
export function createConnection(address: Address, options?: ConnectOptions, onConnect?: () => void): FdSocket;
export function createConnection(address: Address, onConnect: () => void): FdSocket;
export function createConnection(
  address: Address,
  options?: ConnectOptions | (() => void),
  onConnect?: () => void,
): FdSocket {
  return createConnectionWith(nativeBinding, address, options, onConnect);
}

/**
 * Connects to a Unix stream socket.
 * @throws AbortError; ETIMEDOUT; ERR_UNAUTHORIZED where another than expected listens; system errors of connect(2); TypeError
 * and RangeError for options
 */
export function connect(address: Address, options?: ConnectOptions): Promise<FdSocket> {
  return connectWith(nativeBinding, address, options);
}

/**
 * Listens at a path (mode 0o600 by default, in force before anyone can connect), at an abstract name, or on a
 * listening socket that was inherited. A path to which no socket is bound any more is replaced; with `retry` it waits for that.
 * @throws EADDRINUSE where a socket is bound, or where there is something that is not a socket; ETIMEDOUT; ERR_FD_KIND;
 * AbortError; other system errors; TypeError and RangeError for arguments
 */
export function listen(address: ListenAddress, options?: ListenOptions): Promise<FdServer> {
  return listenWith(nativeBinding, address, options);
}

/**
 * Wraps a connected Unix stream socket that exists already; the source is taken over, or on failure left as it was.
 * @throws ERR_FD_KIND for anything else; ERR_FD_BUSY for a net.Socket that Node has read from (accept with
 * `pauseOnConnect`) or that has unwritten bytes; ERR_FD_CLOSED; EBADF
 */
export function adopt(source: number | OwnedFd | net.Socket, options?: FdSocketOptions): FdSocket {
  return adoptWith(nativeBinding, source, options);
}

export {
  AncillaryError,
  type AncillaryErrorCode,
  type ByteRange,
  OwnedFd,
  type PeerCredentials,
  type SystemError,
} from '../binding';
export {
  type Address,
  type Ahead,
  type Authorize,
  type CodecFactory,
  type ConnectOptions,
  type Discarded,
  type DiscardReason,
  type EncodedFrame,
  type Expectation,
  type ExpectedPeer,
  type FdFrame,
  type FdLike,
  FdQuota,
  type FdQuotaOptions,
  FdServer,
  type FdServerEvents,
  FdSocket,
  type FdSocketEvents,
  type FdSocketOptions,
  type FrameCallback,
  type FrameCodec,
  type FrameDecoder,
  type FrameEncoder,
  type ListenAddress,
  type ListenOptions,
  type MeasureAt,
  type Measured,
  type OnreadOptions,
  type Peer,
  type QuotaFigures,
  type QuotaUsage,
  type ReadOptions,
  type SendOptions,
  type ServerStats,
  type SocketStats,
  type UserUsage,
  type WaitReason,
  type WriteFdsOptions,
} from '../stream';
export { socketpair, type SocketpairOptions } from './socketpair';
/** What is published on the channels of `node:diagnostics_channel`, by their names. */
export type DiagnosticMessages = Messages<FdSocket, FdServer>;
export * as fds from './fds';
export * as handoff from './handoff';
export * as raw from './raw';
