import type { Duplex } from 'node:stream';
import { AncillaryError, type ByteRange, type OwnedFd, type SocketBinding, truthful } from '../../binding';
import type { DiscardReason } from '../diagnostics';
import { heldBack } from '../fd-like';
import { type Stopped, stopReading } from '../reading-hold';
import type { Deadline, Owed } from '../limits/deadlines/deadline';
import type { ConnectionQuota } from '../limits/quota';
import { nextMemory, OnreadConsumer } from '../receive/onread';
import { readAlready } from '../receive/consumer';
import { TakenOver } from '../receive/taken-over';
import { countedLength } from '../send/writable-buffer';
import type { SocketStats } from '../stats';
import type { ConnectingHandle } from './connecting-handle';
import type { CloseWaiter, FdSocketEvent, FdSocketListener } from './events';
import { endWithPeer, failSendingAlone, sendingFailed } from './half-open';
import { Lifetime } from './lifetime';
import { NetDuplex } from './net-duplex';
import type { SocketLimits, SocketOptions } from './options';

/** Has 'fds' emitted just before the byte that the descriptors surely came with, and not before those that came along. */
export const fdsAtAnchor = Symbol('fdsAtAnchor');

/** Closes descriptors that a listener to 'fds' was given, and nobody took of it. */
export const discardFds = Symbol('discardFds');

/** Tells when the peer is gone, also where nobody reads. */
export const onHangup = Symbol('onHangup');

/** Where it is counted what the peer has this process hold, if anywhere. */
export const quotaOfSocket = Symbol('quotaOfSocket');

/** A deadline by its option `sendTimeout`, for what the peer owes beside reading. */
export const deadlineOfSending = Symbol('deadlineOfSending');

/** Has one read the socket for good, and says which, for whoever reads it in another way. */
export const takeOver = Symbol('takeOver');

/** Makes sure that nobody reads a socket in a way that does not give way to another. */
export const requireUnread = Symbol('requireUnread');

/** Both halves of a socket. */
export const lifetime = Symbol('lifetime');

type WriteCallback = (error?: Error | null) => void;

/** A socket as a Duplex of bytes, over both its halves. */
export abstract class ByteDuplex extends NetDuplex {
  /** @internal */
  readonly [lifetime]: Lifetime;
  readonly #onread: OnreadConsumer<ByteDuplex> | undefined;

  static {
    // A property, for the types of Node.
    Object.defineProperty(this.prototype, 'writableLength', {
      configurable: true,
      get(this: ByteDuplex): number {
        return countedLength(this) + this[lifetime].uncountedBytes;
      },
    });
  }

  /** Takes over the socket; on failure it stays with the caller. @throws as {@link SocketBinding.open} */
  protected constructor(
    binding: SocketBinding,
    socket: OwnedFd | ConnectingHandle,
    options: SocketOptions<ByteDuplex>,
    limits: SocketLimits,
  ) {
    const { onread, allowHalfOpen = true } = options;
    const memory = onread && nextMemory(onread);
    super({ highWaterMark: limits.highWaterMark, allowHalfOpen });
    this[lifetime] = new Lifetime(this, binding, socket, limits);
    if (onread !== undefined && memory !== undefined) {
      this.#onread = new OnreadConsumer(this, this[lifetime].inbox, this[lifetime].handle, onread, memory);
      this.#onread.start();
    }
    if (!allowHalfOpen) endWithPeer(this);
  }

  override get connecting(): boolean {
    return this[lifetime].connecting;
  }

  /** What went through so far. */
  override get stats(): SocketStats {
    return this[lifetime].stats;
  }

  override get bytesWritten(): number {
    return this[lifetime].bytesGiven;
  }

  override on<N extends FdSocketEvent>(event: N, listener: FdSocketListener<N>): this;
  override on(event: 'close', listener: CloseWaiter): this;
  override on<N extends FdSocketEvent>(event: N, listener: FdSocketListener<N>): this {
    if (event === 'data' || event === 'readable') this[lifetime].claimBytes();
    super.on(event, listener);
    // It ends the flow, as pause() does.
    if (event === 'readable') this[lifetime].bytes?.paused();
    return this;
  }

  override addListener<N extends FdSocketEvent>(event: N, listener: FdSocketListener<N>): this {
    return this.on(event, listener);
  }

  override resume(): this {
    if (this.#onread === undefined) this[lifetime].claimBytes();
    else this.#onread.resume();
    return super.resume();
  }

  override pause(): this {
    this.#onread?.pause();
    super.pause();
    this[lifetime].bytes?.paused();
    return this;
  }

  /** @throws ERR_FD_MODE while the socket is read in another way, as do resume(), pipe(), and listening to 'data' */
  override read(size?: number): ReturnType<Duplex['read']> {
    if (this.#onread !== undefined) return super.read(size);
    if (size !== 0) this[lifetime].claimBytes();
    let tooFew = false;
    try {
      const chunk: unknown = super.read(size);
      tooFew = chunk === null;
      return chunk;
    } finally {
      // Also when a listener threw that this called.
      this[lifetime].bytes?.wasRead(size, tooFew);
    }
  }

  override _read(): void {
    if (this.#onread !== undefined) return;
    this[lifetime].bytesWanted();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: WriteCallback): void {
    this[lifetime].outbox.writeChunks([truthful(chunk)], callback);
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], callback: WriteCallback): void {
    this[lifetime].outbox.writeChunks(
      chunks.map(({ chunk }) => truthful(chunk)),
      callback,
    );
  }

  override _final(callback: WriteCallback): void {
    this[lifetime].endSending(callback);
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    super._destroy(this[lifetime].destroy(error), callback);
  }

  /**
   * Whether bytes were received that nobody took, or wait to be sent: passing the descriptor on would lose them.
   * @internal
   */
  [heldBack](): boolean {
    return this[lifetime].holding;
  }

  /**
   * A peer that does not read any more may have said why. From now on, when nothing more can be sent, the sending side ends
   * alone and `told` is called; the socket is read to its end, and closes when it is ended too.
   * @internal
   */
  [failSendingAlone](told: (error: Error) => void): void {
    this[lifetime].outbox.failAlone(told);
  }

  /** @internal */
  get [sendingFailed](): boolean {
    return this[lifetime].sendingFailed;
  }

  /** @internal */
  get [quotaOfSocket](): ConnectionQuota | undefined {
    return this[lifetime].quota;
  }

  /** Undefined where there is no such option. @internal */
  [deadlineOfSending](owed: Owed): Deadline | undefined {
    return this[lifetime].deadlineOfSending(owed);
  }

  /** @internal */
  [fdsAtAnchor](whether: boolean): void {
    this[lifetime].byteConsumer.fdsAtAnchor = whether;
  }

  /** @internal */
  [discardFds](fds: readonly OwnedFd[], range: ByteRange, reason: DiscardReason): void {
    this[lifetime].inbox.discarder.discard(fds, range, reason);
  }

  /** @internal @throws ERR_FD_MODE; the socket is as it was then */
  [requireUnread](by: string): void {
    const { inbox } = this[lifetime];
    inbox.requireNotTakenOver(by, true);
    const reader = inbox.consumer;
    // Nobody may read any more, and what was put back with unshift() still be text.
    if (reader === undefined && this.readableLength > 0) this[lifetime].byteConsumer.leave();
    if (reader === undefined || reader.leave?.() === true) return;
    throw new AncillaryError('ERR_FD_MODE', `${readAlready(reader, by)}, and nothing was changed`);
  }

  /** @internal @throws ERR_FD_MODE; the socket is as it was then */
  [takeOver](by: string): TakenOver {
    const { inbox } = this[lifetime];
    inbox.requireNotTakenOver(by);
    this[requireUnread](by);
    inbox.takeOver(by);
    return new TakenOver(inbox, by);
  }

  /** @internal */
  [onHangup](callback: () => void): void {
    this[lifetime].onHangup(callback);
  }

  /**
   * Nothing is read while it waits to be sent.
   * @internal
   */
  [stopReading](): Stopped {
    const { inbox } = this[lifetime];
    inbox.hold(true);
    return { restart: () => inbox.hold(false), untilResumed: false };
  }
}
