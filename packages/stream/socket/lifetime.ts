import type { Duplex } from 'node:stream';
import {
  AncillaryError,
  type OwnedFd,
  type PutOffReason,
  type SocketBinding,
  type SocketEvents,
  type SocketHandle,
  systemError,
} from '../../binding';
import { socketClosed } from '../diagnostics';
import type { ConnectionQuota } from '../limits/quota';
import { ByteConsumer } from '../receive/byte-consumer';
import { Discard } from '../receive/discard';
import { Deadline, type Owed } from '../limits/deadlines/deadline';
import { type Deadlines, deadlinesOf } from '../limits/deadlines/deadlines';
import { DEFAULT_FRAME_TIMEOUT, type FrameTimeout } from '../limits/deadlines/options';
import { Inbox, type InboxOwner } from '../receive/inbox';
import { ReceiveQueue } from '../receive/receive-queue';
import { Outbox } from '../send/outbox';
import { SocketStats } from '../stats';
import { immediate, microtask, nextTick } from '../later';
import { ConnectingHandle } from './connecting-handle';
import { endForPeer } from './half-open';
import type { SocketLimits } from './options';
import { Peer } from './peer';

/**
 * What becomes of a socket when one of its halves ends or fails. It makes what only some sockets need when it is needed
 * first, since most of many sockets are idle.
 */
export class Lifetime implements SocketEvents, InboxOwner {
  readonly stats: SocketStats;
  readonly handle: SocketHandle;
  readonly inbox: Inbox;
  readonly #duplex: Duplex;
  readonly #binding: SocketBinding;
  #bytes: ByteConsumer | undefined;
  #outbox: Outbox | undefined;
  /** The peer closed both directions, so nothing sent can arrive. */
  #peerGone = false;
  #endsWithPeer = false;
  #endedForPeer = false;
  #onHangup: (() => void) | undefined;
  #peer: Peer | undefined;
  #quota: ConnectionQuota | undefined;
  readonly frameTimeout: FrameTimeout | undefined;
  /** Why nothing can be sent any more, while what the peer sent is still read; `told` where somebody knows it already. */
  #sendingFailure: { readonly error: Error; readonly told: boolean } | undefined;
  readonly #sendTimeout: number | undefined;
  readonly #maxInFlightFds: number | undefined;

  /** Takes over the socket; on failure it stays with the caller. @throws as {@link SocketBinding.open} */
  constructor(duplex: Duplex, binding: SocketBinding, socket: OwnedFd | ConnectingHandle, limits: SocketLimits) {
    this.#duplex = duplex;
    this.#binding = binding;
    this.stats = new SocketStats(duplex);
    const frameTimeout = limits.frameTimeout ?? (binding.realTime ? DEFAULT_FRAME_TIMEOUT : undefined);
    this.frameTimeout = frameTimeout?.milliseconds === Infinity ? undefined : frameTimeout;
    this.#sendTimeout = limits.sendTimeout;
    this.#maxInFlightFds = limits.maxInFlightFds;
    if (socket instanceof ConnectingHandle) {
      this.handle = socket;
      socket.reportTo(this);
    } else {
      this.handle = binding.open(socket, this);
    }
    if (!limits.receiveFds) this.handle.refuseFds();
    const queue = new ReceiveQueue<OwnedFd>(binding.anchor);
    this.inbox = new Inbox(this.handle, queue, limits, new Discard(duplex, this.stats), this.stats, this);
  }

  /** What the peer's user may hold. */
  get quota(): ConnectionQuota | undefined {
    return this.#quota;
  }

  /** Counts what the socket holds from now on, before it was used. */
  countBy(quota: ConnectionQuota): void {
    this.#quota = quota;
    this.inbox.countBy(quota);
  }

  get deadlines(): Deadlines {
    return deadlinesOf(this.#binding);
  }

  /** One by the option `sendTimeout`, if there is one. */
  deadlineOfSending(owed: Owed): Deadline | undefined {
    return this.#sendTimeout === undefined ? undefined : new Deadline(this.#sendTimeout, owed, this.deadlines);
  }

  /** Reading as bytes, once that was chosen. */
  get bytes(): ByteConsumer | undefined {
    return this.#bytes;
  }

  /** Chooses reading as bytes. @throws ERR_FD_MODE while the socket is read in another way */
  claimBytes(): ByteConsumer {
    const bytes = this.byteConsumer;
    if (this.inbox.consumer !== bytes) {
      this.inbox.claim(bytes);
      bytes.goOn();
    }
    return bytes;
  }

  /** The Duplex wants bytes: for whoever reads them, or for its own buffer while they are read in another way. */
  bytesWanted(): void {
    if (this.inbox.free) this.claimBytes();
    this.byteConsumer.want();
  }

  /** Whether bytes are read or not. */
  get byteConsumer(): ByteConsumer {
    this.#bytes ??= new ByteConsumer(this.inbox, this.#duplex);
    return this.#bytes;
  }

  /** See {@link Outbox.uncountedBytes}. */
  get uncountedBytes(): number {
    return this.#outbox?.uncountedBytes ?? 0;
  }

  handBack(): void {
    // Bytes may also have been given to unshift().
    if (this.#bytes !== undefined || this.#duplex.readableLength > 0) this.byteConsumer.handBack();
  }

  /** The sending half. */
  get outbox(): Outbox {
    return (this.#outbox ??= this.#makeOutbox());
  }

  #makeOutbox(): Outbox {
    const limits = { quota: this.#quota, maxInFlightFds: this.#maxInFlightFds, sendTimeout: this.#sendTimeout };
    return new Outbox(this.#duplex, this.handle, this.#binding, this.stats, limits, (error) => this.#cannotSend(error));
  }

  /** A peer that is gone may have said why: where somebody reads, that is read first, and the error is the end of it. */
  #cannotSend(error: Error): void {
    const { consumer } = this.inbox;
    const told = this.#tells(error);
    if (this.#peerSaidMore(error) && consumer?.readsOn === true && this.#outbox?.fail(error, this.#listened) === true) {
      this.#sendingFailure = { error, told };
      this.inbox.sendingFailure = error;
    } else this.#duplex.destroy(error);
  }

  /** Whether nothing can be sent any more, and the socket is still read. */
  get sendingFailed(): boolean {
    return this.#sendingFailure !== undefined;
  }

  #peerSaidMore(error: NodeJS.ErrnoException): boolean {
    if (error.code !== 'EPIPE' || !this.handle.hungUp()) return false;
    return this.inbox.queue.length > 0 || this.handle.unread() > 0;
  }

  /** Who is at the other end. @throws system errors */
  get peer(): Peer {
    this.#peer ??= new Peer(this.#binding.peers, () => this.handle.shownFd);
    return this.#peer;
  }

  /** The same was asked for before there was this socket. */
  set peer(peer: Peer) {
    peer.follow(() => this.handle.shownFd);
    this.#peer = peer;
  }

  /** Whether bytes were received that nobody took, or wait to be sent. */
  get holding(): boolean {
    return this.inbox.queue.length > 0 || this.#outbox?.pending === true;
  }

  /** Whether the socket is still to be connected. */
  get connecting(): boolean {
    return this.handle instanceof ConnectingHandle && this.handle.connecting;
  }

  /** Bytes that were given to be sent, whether they were or not. */
  get bytesGiven(): number {
    const inWritable = this.#outbox === undefined ? this.#duplex.writableLength : this.#outbox.unsentBytes;
    return this.stats.bytesWritten + inWritable;
  }

  /** Whether the sending side ended by itself, because the peer is gone. */
  get endedForPeer(): boolean {
    return this.#endedForPeer;
  }

  /** Ends the sending direction once the socket is connected and everything queued has left. */
  endSending(callback: (error: Error | null) => void): void {
    if (this.handle instanceof ConnectingHandle && this.handle.connecting) {
      this.handle.whenConnected(() => this.endSending(callback));
      return;
    }
    const shutdown = (): void => {
      const error = this.handle.shutdown();
      // Where nobody reads, nobody will see the end of file by which other sockets learn that they are done.
      this.handle.watchHangup();
      callback(error === undefined || error === 'ENOTCONN' ? null : systemError(error, 'shutdown'));
    };
    if (this.#outbox === undefined) shutdown();
    else this.#outbox.whenIdle(shutdown);
  }

  /**
   * Closes everything at once. Returns the error to emit: whoever waits learns the reason by a rejected promise, and an
   * 'error' that nobody listens to would end the process besides. Nor does the rejection of a send() end it where 'error'
   * is listened to, or where the user destroys the socket for no error.
   */
  destroy(error: Error | null): Error | null {
    if (socketClosed.hasSubscribers && !this.connecting) {
      socketClosed.publish({ socket: this.#duplex, error: error ?? undefined });
    }
    const rejects = this.#tells(error);
    const listened = this.#listened;
    this.#peer?.close();
    this.handle.close();
    this.#outbox?.destroy(error === null ? socketDestroyed : () => error, listened || error === null);
    this.inbox.destroy(error ?? undefined);
    this.#bytes?.closeUntaken();
    this.#quota?.close();
    return rejects && !listened ? null : error;
  }

  /** Whether somebody learns by a rejected promise why the socket is destroyed, or did. */
  #tells(error: Error | null): boolean {
    const { error: known, told = false } = this.#sendingFailure ?? {};
    return (told && error === known) || this.inbox.consumer?.rejects === true || this.#outbox?.awaited === true;
  }

  get #listened(): boolean {
    return this.#duplex.listenerCount('error') > 0;
  }

  /**
   * Calls back once the peer has closed both directions, also where nobody reads. Until then the event loop goes on, as it does
   * while the socket is read: who waits for the peer has to learn of its end.
   */
  onHangup(callback: () => void): void {
    if (this.#duplex.destroyed) return;
    this.#onHangup = callback;
    if (this.#peerGone) callback();
    else this.handle.watchHangup(true);
  }

  writable(): void {
    this.#outbox?.roomAgain();
  }

  putOff(reason: PutOffReason): void {
    this.stats.waits(reason);
  }

  hangup(): void {
    this.#peerGone = true;
    this.#onHangup?.();
    this.#endWithPeer();
    this.#closeIfDone();
  }

  peerEnded(): void {
    this.#peerGone ||= this.handle.hungUp();
  }

  readingStopped(): void {
    const failure = this.#sendingFailure;
    // Whoever takes one frame after the other reads again in this turn.
    if (failure !== undefined)
      immediate(() => this.inbox.consumer === undefined && this.#duplex.destroy(failure.error));
    else if (this.#peerGone) microtask(() => this.#closeIfDone());
  }

  endReached(): void {
    this.#duplex.push(null);
    // The Readable learns of its end only by being read, which nobody may do any more: so does net.
    this.#duplex.read(0);
    if (this.#peerGone) this.#endWithPeer();
    else this.handle.watchHangup();
  }

  failed(error: Error): void {
    this.#duplex.destroy(error);
  }

  /**
   * What is sent now reaches nobody, so the sending side ends too; Duplex then closes the socket by itself. But listeners of
   * 'end' may still write, and have to learn that from the kernel, as in net.
   */
  #endWithPeer(): void {
    if (this.#endsWithPeer) return;
    this.#endsWithPeer = true;
    const duplex = this.#duplex;
    const end = (): void => {
      if (duplex.writableEnded || duplex.destroyed) return;
      this.#endedForPeer = true;
      endForPeer(duplex);
    };
    if (duplex.readableEnded) end();
    else duplex.once('end', () => nextTick(end));
  }

  /** The peer is gone: where nobody reads and nothing is left to be read, the end of the stream need not be read either. */
  #closeIfDone(): void {
    if (this.#duplex.destroyed || this.#duplex.readableEnded || !this.#duplex.writableEnded) return;
    if (this.inbox.idle && this.handle.unread() === 0) this.endReached();
  }
}

/** Made where something waits for it only: its stack trace costs more than destroying the socket. */
function socketDestroyed(): Error {
  return new AncillaryError('ERR_FD_CLOSED', 'the socket was destroyed');
}
