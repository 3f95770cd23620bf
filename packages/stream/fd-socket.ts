import { Duplex } from 'node:stream';
import {
  AncillaryError,
  type ByteRange,
  OwnedFd,
  type PeerCredentials,
  type SocketBinding,
  type SocketHandle,
  systemError,
} from '../binding';
import { ByteConsumer } from './byte-consumer';
import type { Discarded, DiscardReason } from './discard';
import { type FdLike, heldBack } from './fd-like';
import type { FdFrame } from './frame';
import type { FrameCodec } from './frame-codec';
import { type FrameCallback, FrameHandler } from './frame-handler';
import { FrameIterator } from './frame-iterator';
import { exactly, segmentFrames } from './frame-reader';
import { type FdSocketOptions, receiveLimits } from './options';
import { nextMemory, OnreadConsumer } from './onread';
import { ReceiveQueue } from './receive-queue';
import { Receiver } from './receiver';
import { abortError, asError } from './rejection';
import type { SendOptions } from './outgoing';
import { Sender } from './sender';
import { SocketStats } from './stats';
import { WriteOrder } from './write-order';

type Listener = Parameters<Duplex['on']>[1];
const NO_FDS: readonly FdLike[] = [];
const NO_OPTIONS: SendOptions = {};

type WriteCallback = (error?: Error | null) => void;

/**
 * A connected Unix stream socket: a Duplex of bytes that also carries descriptors. It owns its own descriptor and all
 * it received and nobody took; `destroy()` closes them.
 *
 * Nothing is read from the kernel until one way of reading is chosen: as bytes, with {@link frames}, or with
 * {@link receive}. Every AncillaryError while receiving destroys the socket.
 */
export class FdSocket extends Duplex {
  /** What went through so far. */
  readonly stats = new SocketStats();
  readonly #handle: SocketHandle;
  readonly #receiver: Receiver;
  readonly #sender: Sender;
  readonly #bytes: ByteConsumer;
  readonly #order: WriteOrder;
  readonly #onread: OnreadConsumer | undefined;
  /** `read(size)` found too few bytes, so what is buffered waits for those behind it. */
  #askedForMore = false;
  /** The peer closed both directions, so nothing sent can arrive. */
  #peerGone = false;

  /**
   * Takes over a connected Unix stream socket; on failure it stays with the caller.
   * @throws ERR_FD_KIND; TypeError and RangeError for options; system errors
   * @internal Use connect(), listen(), socketpair() or adopt().
   */
  constructor(binding: SocketBinding, socket: OwnedFd, options: FdSocketOptions = {}) {
    const limits = receiveLimits(options);
    const { onread } = options;
    const memory = onread && nextMemory(onread);
    super({ highWaterMark: limits.highWaterMark });
    const queue = new ReceiveQueue<OwnedFd>(binding.anchor);
    this.#handle = binding.open(socket, {
      read: (segments, end) => {
        for (const { bytes, fds } of segments) this.stats.received(bytes.length, fds.length);
        this.#peerGone ||= end === 'eof' && this.#handle.hungUp();
        this.#receiver.read(segments, end);
      },
      writable: () => this.#sender.writable(),
      hangup: () => this.#peerLeft(),
    });
    this.#receiver = new Receiver(this.#handle, queue, limits, {
      discard: (fds, range, reason) => this.#discard(fds, range, reason),
      left: () => {
        if (this.#peerGone) queueMicrotask(() => this.#closeIfDone());
      },
      ended: () => this.#endReadable(),
      failed: (error) => this.destroy(error),
      frameReceived: () => this.stats.framesReceived++,
    });
    this.#sender = new Sender(this.#handle, binding, {
      failed: (error) => this.destroy(error),
      frameSent: (bytes, fds) => this.stats.sent(bytes, fds),
    });
    this.#order = new WriteOrder(this, this.#sender);
    this.#bytes = new ByteConsumer(this.#receiver, {
      push: (bytes) => {
        this.#askedForMore = false;
        return this.push(bytes);
      },
      unread: () => !this.#askedForMore && this.readableLength > 0,
      offer: (frame) => this.emit('fds', frame),
    });
    if (onread !== undefined && memory !== undefined) {
      this.#onread = new OnreadConsumer(this.#receiver, this.#handle, onread, memory);
      this.#onread.start();
    }
  }

  /** The socket's own descriptor, to lend out; -1 once destroyed. */
  get fd(): number {
    return this.#handle.fd;
  }

  /** The process at the other end when the connection was made (SO_PEERCRED). @throws ERR_FD_CLOSED; system errors */
  get peerCredentials(): PeerCredentials {
    if (this.fd === -1) throw new AncillaryError('ERR_FD_CLOSED', 'the socket is destroyed');
    return this.#handle.peerCredentials();
  }

  /** Keeps the event loop running while the socket is being read or has something to send, as at first. */
  ref(): this {
    this.#handle.ref();
    return this;
  }

  /** Lets the process end all the same. */
  unref(): this {
    this.#handle.unref();
    return this;
  }

  /**
   * The stream as frames: one for each message of the codec, or, without one, for each segment as recvmsg returned it.
   * The caller owns each frame's descriptors. Leaving the loop leaves the socket open, and what was not taken stays for
   * the next way of reading. The loop ends with the stream.
   *
   * `next()` rejects with ERR_FD_MODE while the socket is read in another way, ERR_FRAME_INCOMPLETE when the stream ends
   * inside a frame, ERR_FD_MISSING, ERR_FD_SURPLUS, ERR_FD_TRUNCATED, what the codec throws, or a system error.
   */
  frames(codec?: FrameCodec<unknown, never>): AsyncIterableIterator<FdFrame> {
    return new FrameIterator(this.#receiver, codec ?? segmentFrames(this.#receiver.queue), 'frames()');
  }

  /**
   * {@link frames} in the push form: `handler` is called with each frame as it is complete, and owns its descriptors;
   * where it returns a promise, reading waits for that. Resolves at the end of the stream. Rejects as {@link frames}
   * would, and with what the handler throws or rejects with: that leaves the socket open, as leaving a loop does.
   */
  forEachFrame(handler: FrameCallback, codec?: FrameCodec<unknown, never>): Promise<void> {
    return new FrameHandler(this.#receiver, codec ?? segmentFrames(this.#receiver.queue), handler).run();
  }

  /**
   * Exactly so many bytes, with the descriptors that came with them, never reading further. The caller owns the
   * descriptors.
   * @throws as {@link frames}; ERR_FRAME_INCOMPLETE when the stream ends before; ERR_FD_CLOSED when the socket is
   * destroyed meanwhile; RangeError
   */
  async receive(length: number): Promise<FdFrame> {
    if (!Number.isSafeInteger(length) || length < 1) {
      throw new RangeError(`receive() takes a number of bytes from 1 up, not ${String(length)}`);
    }
    if (this.destroyed) throw this.#closedReason();
    const frames = new FrameIterator(this.#receiver, exactly(length), `receive(${length})`, false);
    try {
      const { value } = await frames.next();
      if (value === undefined) throw this.#closedReason();
      return value;
    } finally {
      void frames.return();
    }
  }

  /**
   * Sends bytes and, on the first of them, descriptors; more than 253 take one further byte for each further 253. Resolves
   * when the kernel accepted all. The order of `send()` and `write()` is the order on the wire.
   *
   * Descriptors are borrowed, and may be closed as soon as this returns; with `transfer` each is closed by its own method
   * when sent or failed. Bytes are borrowed until the promise settles. Of a frame that fails before its first byte nothing
   * was sent.
   *
   * Rejects with TypeError, ERR_FD_WITHOUT_BYTES, ERR_FD_CLOSED, ERR_FD_BUSY, an AbortError, or a system error such as
   * EBADF (this frame only) or EPIPE (which destroys the socket).
   */
  send(bytes: Uint8Array | string, fds: readonly FdLike[] = NO_FDS, options: SendOptions = NO_OPTIONS): Promise<void> {
    try {
      requireArray(fds);
      const frame = this.#sender.frame(asBytes(bytes), fds, options);
      if (options.signal?.aborted === true) frame.settle(abortError(options.signal));
      else if (this.destroyed || this.writableEnded) frame.settle(this.#closedReason());
      else if (frame.bytes.length === 0) frame.settle();
      else this.#order.send(frame);
      return frame.outcome();
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  override on(event: 'fds', listener: (frame: FdFrame) => void): this;
  override on(event: 'discarded', listener: (discarded: Discarded) => void): this;
  override on(event: string | symbol, listener: Listener): this;
  override on(event: string | symbol, listener: Listener): this {
    if (event === 'data' || event === 'readable') this.#receiver.claim(this.#bytes);
    return super.on(event, listener);
  }

  override addListener(event: 'fds', listener: (frame: FdFrame) => void): this;
  override addListener(event: 'discarded', listener: (discarded: Discarded) => void): this;
  override addListener(event: string | symbol, listener: Listener): this;
  override addListener(event: string | symbol, listener: Listener): this {
    return this.on(event, listener);
  }

  override once(event: 'fds', listener: (frame: FdFrame) => void): this;
  override once(event: 'discarded', listener: (discarded: Discarded) => void): this;
  override once(event: string | symbol, listener: Listener): this;
  override once(event: string | symbol, listener: Listener): this {
    return super.once(event, listener);
  }

  override resume(): this {
    if (this.#onread === undefined) this.#receiver.claim(this.#bytes);
    else this.#onread.resume();
    return super.resume();
  }

  override pause(): this {
    this.#onread?.pause();
    return super.pause();
  }

  /** @throws ERR_FD_MODE while the socket is read in another way, as do resume(), pipe(), and listening to 'data' */
  override read(size?: number): unknown {
    if (this.#onread !== undefined) return super.read(size);
    if (size !== 0) this.#receiver.claim(this.#bytes);
    const chunk: unknown = super.read(size);
    // Bytes with descriptors wait until all before them were read, or do not suffice; either only shows here.
    if (size !== 0) this.#askedForMore = chunk === null && this.readableLength > 0;
    if (this.#bytes.holding && (this.readableLength === 0 || this.#askedForMore)) {
      process.nextTick(() => {
        this.#bytes.advance();
      });
    }
    return chunk;
  }

  override _read(): void {
    if (this.#onread !== undefined) return;
    try {
      this.#receiver.claim(this.#bytes);
      this.#bytes.want();
    } catch (error) {
      this.destroy(asError(error));
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.#order.write([chunk], callback);
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], callback: WriteCallback): void {
    this.#order.write(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: WriteCallback): void {
    this.#sender.whenIdle(() => {
      const error = this.#handle.shutdown();
      // Where nobody reads, nobody will see the end of file by which other sockets learn that they are done.
      this.#handle.watchHangup();
      callback(error === undefined || error === 'ENOTCONN' ? null : systemError(error, 'shutdown'));
    });
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    this.#handle.close();
    const reason = error ?? new AncillaryError('ERR_FD_CLOSED', 'the socket was destroyed');
    const sendersTold = [this.#sender.close(reason), this.#order.close(reason)].includes(true);
    const readersTold = this.#receiver.close(error ?? undefined);
    // An 'error' that nobody hears ends the process; whoever waited has been told by a rejection.
    const told = sendersTold || readersTold;
    callback(told && this.listenerCount('error') === 0 ? null : error);
  }

  /** Whether bytes were received that nobody took, or wait to be sent: passing the descriptor on would lose them. */
  [heldBack](): boolean {
    return this.#receiver.queue.length > 0 || this.#sender.pending;
  }

  #discard(fds: readonly OwnedFd[], range: ByteRange, reason: DiscardReason): void {
    const count = OwnedFd.closeAll(fds);
    if (count === 0) return;
    this.stats.fdsClosed += count;
    const tell = (): boolean => this.emit('discarded', { count, range, reason } satisfies Discarded);
    // Not here and now, since a listener may throw or destroy the socket; but before whoever waits for a frame goes on,
    // and before 'close'.
    if (this.destroyed) process.nextTick(tell);
    else queueMicrotask(tell);
  }

  #endReadable(): void {
    this.push(null);
    // Outside byte mode nobody reads the Readable, which learns of its end only by being read.
    if (!this.#receiver.isReading(this.#bytes)) super.read(0);
    if (this.#peerGone) this.end();
    else this.#handle.watchHangup();
  }

  /** What is sent now reaches nobody, so the sending side ends too; Duplex then closes the socket by itself. */
  #peerLeft(): void {
    this.#peerGone = true;
    this.end();
    this.#closeIfDone();
  }

  /** The peer is gone: where nobody reads and nothing is left to be read, the end of the stream need not be read either. */
  #closeIfDone(): void {
    if (this.destroyed || this.readableEnded || !this.writableEnded) return;
    if (this.#receiver.idle && this.#handle.unread() === 0) this.#endReadable();
  }

  #closedReason(): Error {
    if (this.errored) return this.errored;
    const what = this.destroyed ? 'the socket is destroyed' : 'the sending side of the socket has ended';
    return new AncillaryError('ERR_FD_CLOSED', `${what}; nothing was sent`);
  }
}

function requireArray(fds: unknown): void {
  if (!Array.isArray(fds)) throw new TypeError(`send() takes an array of descriptors, not ${typeof fds}`);
}

function asBytes(bytes: unknown): Uint8Array {
  if (typeof bytes === 'string') return Buffer.from(bytes);
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError(`send() takes a Uint8Array or a string, not ${typeof bytes}`);
}
