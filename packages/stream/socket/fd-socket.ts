import {
  AncillaryError,
  INSPECT,
  invalidType,
  type OwnedFd,
  type PeerCredentials,
  requireDescriptors,
  show,
  type ShownHow,
  type SocketBinding,
  wrongNumber,
} from '../../binding';
import { asError } from '../abort';
import { socketOpened } from '../diagnostics';
import type { FdLike } from '../fd-like';
import type { FdFrame } from '../frame';
import { codecOf } from '../codec-of';
import type { CodecMaker, EncodedFrame, FrameCodec } from '../frame-codec';
import { type FrameCallback, FrameHandler, requireFrameCallback } from '../receive/frame-handler';
import { FrameIterator } from '../receive/frame-iterator';
import type { FrameMeasure } from '../receive/frame-measure';
import { exactly, segmentFrames } from '../receive/fixed-frames';
import { type ReadOptions, signalOf } from '../receive/read-options';
import { type Reservation, reserveReading } from '../receive/reservation';
import type { Onread } from '../receive/onread';
import type { Refused } from '../send/outbox';
import {
  asBytes,
  requireCallback,
  requireFdsPerSend,
  requirePieces,
  requireSendOptions,
  requireTransfer,
  requireWriteOptions,
} from '../send/arguments';
import { type Kept, keepFds } from '../send/kept';
import { framesFor } from '../receive/frames-for';
import { type HowToSend, sendFrame } from '../send/send-frame';
import type { SendOptions, WriteFdsOptions } from '../send/outgoing';
import { ByteDuplex, lifetime } from './byte-duplex';
import type { ConnectingHandle } from './connecting-handle';
import { peerGone } from './half-open';
import { receiveLimits, type SocketLimits, type SocketOptions } from './options';
import type { Peer } from './peer';
import { factsOf, type SocketFacts } from './socket-facts';

/** Limits on what a socket receives, and how it is read. */
export type FdSocketOptions = SocketOptions<FdSocket>;

/**
 * Makes the codec of a connection, which may remember what it saw there. It is taken wherever a codec is, and called once
 * for each connection: the same function has the same codec there again.
 */
export type CodecFactory<In, Out = In> = CodecMaker<FdSocket, In, Out>;

type AnyCodec = FrameCodec<unknown, never> | CodecFactory<unknown, never>;

/** Reading into memory of the user's own, as net has it. */
export type OnreadOptions = Onread<FdSocket>;

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
export class FdSocket extends ByteDuplex {
  static {
    // For `for await (const frame of socket.frames)`, in which frames() was not called.
    Object.defineProperty(Reflect.get(this.prototype, 'frames') as object, Symbol.asyncIterator, {
      value: () => {
        throw invalidType('socket.frames is a method: write for await (const frame of socket.frames())');
      },
    });
  }

  private constructor(
    binding: SocketBinding | undefined,
    socket: OwnedFd | ConnectingHandle,
    options: FdSocketOptions,
    limits: SocketLimits,
  ) {
    // A program in plain JavaScript may come here.
    if (typeof binding?.open !== 'function') {
      throw invalidType('new FdSocket() has no socket: use connect(address), listen(), socketpair() or adopt(fd)');
    }
    super(binding, socket, options, limits);
  }

  /**
   * Takes over a connected Unix stream socket, or one that is connecting; on failure it stays with the caller. Sockets
   * with the same options may share their limits.
   * @throws ERR_FD_KIND; TypeError and RangeError for options; system errors
   * @internal
   */
  static wrap(
    binding: SocketBinding,
    socket: OwnedFd | ConnectingHandle,
    options: FdSocketOptions = {},
    limits: SocketLimits = receiveLimits(options),
  ): FdSocket {
    const opened = new FdSocket(binding, socket, options, limits);
    if (socketOpened.hasSubscribers && !opened.connecting) socketOpened.publish({ socket: opened });
    return opened;
  }

  /** The socket's own descriptor, to lend out; -1 before it is connected and once destroyed. */
  get fd(): number {
    return this[lifetime].handle.fd;
  }

  /** The process at the other end when the connection was made (SO_PEERCRED). @throws ERR_FD_CLOSED; system errors */
  get peerCredentials(): PeerCredentials {
    this.#requireConnected();
    return this[lifetime].handle.peerCredentials();
  }

  /**
   * The same, with what else the kernel knows of that process; `listen({ authorize })` was shown the same object. It closes the
   * `pidfd` that it gave out with the socket, unless that was taken. @throws ERR_FD_CLOSED; system errors
   */
  get peer(): Peer {
    this.#requireConnected();
    return this[lifetime].peer;
  }

  /** Keeps the event loop running while the socket is being read or has something to send, as at first. */
  ref(): this {
    this[lifetime].handle.ref();
    return this;
  }

  /** Lets the process end all the same. */
  unref(): this {
    this[lifetime].handle.unref();
    return this;
  }

  /**
   * The stream as frames: one for each message of the codec, or, without one, for each segment as recvmsg returned it.
   * The caller owns each frame's descriptors. Leaving the loop leaves the socket open, and what was not taken stays for
   * the next way of reading. The loop ends with the stream.
   *
   * `next()` rejects with ERR_FD_MODE while the socket is read in another way, ERR_FRAME_INCOMPLETE when the stream ends
   * inside a frame, ERR_FD_MISSING, ERR_FD_SURPLUS, ERR_FD_TRUNCATED, what the codec throws, an AbortError, which leaves the
   * loop, or a system error.
   */
  frames(
    codec?: FrameCodec<unknown, never> | CodecFactory<unknown, never>,
    options?: ReadOptions,
  ): AsyncIterableIterator<FdFrame> {
    return this[framesFor]('frames()', codec, signalOf('frames()', options));
  }

  /** @internal {@link frames} for another way of reading, by its name. */
  [framesFor](by: string, codec: AnyCodec | undefined, signal: AbortSignal | undefined): FrameIterator {
    return new FrameIterator(this[lifetime].inbox, this.#measureOf(codec), by, signal);
  }

  /**
   * {@link frames} in the push form: `handler` is called with each frame as it is complete, and owns its descriptors;
   * where it returns a promise, reading waits for that. Resolves at the end of the stream. Rejects as {@link frames}
   * would, and with what the handler throws or rejects with: that leaves the socket open, as leaving a loop does. When the
   * signal aborts, a handler that still runs is not waited for.
   */
  forEachFrame(
    handler: FrameCallback,
    codec?: FrameCodec<unknown, never> | CodecFactory<unknown, never>,
    options?: ReadOptions,
  ): Promise<void> {
    const { inbox } = this[lifetime];
    try {
      // First, since a handler in the codec's place would be called to make one.
      requireFrameCallback(handler);
      const signal = signalOf('forEachFrame()', options);
      return new FrameHandler(inbox, this.#measureOf(codec), handler, 'forEachFrame()', signal).run();
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /**
   * Exactly so many bytes, with the descriptors that came with them, never reading further. The caller owns the
   * descriptors.
   * @throws as {@link frames}; ERR_FRAME_INCOMPLETE when the stream ends before; ERR_FD_CLOSED when the socket is
   * destroyed meanwhile; RangeError
   */
  async receive(length: number, options?: ReadOptions): Promise<FdFrame> {
    if (!Number.isSafeInteger(length) || length < 1) {
      throw wrongNumber('length is a whole number of bytes from 1 up', length);
    }
    const frames = this.#startReceiving(length, signalOf('receive()', options));
    try {
      return this.#received(await frames.next());
    } finally {
      void frames.return();
    }
  }

  /**
   * @throws ERR_FD_MODE, ERR_FD_CLOSED, AbortError
   * @internal
   */
  [reserveReading](length: number, signal: AbortSignal | undefined): Reservation {
    const frames = this.#startReceiving(length, signal);
    return { read: async () => this.#received(await frames.next()), leave: () => void frames.return() };
  }

  /**
   * While bytes are read, the descriptors that came with those that were read so far, in the order of arrival: what the event
   * 'fds' would have brought, had it a listener. The caller owns them.
   *
   * The first call says that descriptors are taken. From then on they wait, and reading pauses at `maxQueuedFds`; those that
   * were not taken are closed with the socket. Before that, they are closed when the turn of the event loop is over in which
   * their bytes were read, so call it once before reading where a message may come in several pieces.
   * @param count how many at most; default: all
   * @throws RangeError
   */
  takeFds(count = Infinity): OwnedFd[] {
    if (count !== Infinity && (!Number.isSafeInteger(count) || count < 0)) {
      throw wrongNumber('takeFds() takes a number of descriptors from 0 up', count);
    }
    return this[lifetime].byteConsumer.untaken.take(count);
  }

  /**
   * Sends bytes and, on the first of them, descriptors; more than 253 take one further byte for each further 253. Resolves
   * when the kernel accepted all. The order of `send()`, `write()` and `writeFds()` is the order on the wire. What has to
   * wait counts in `writableLength`, and `'drain'` comes when it has left.
   *
   * Descriptors are borrowed, and may be closed as soon as this returns; with `transfer` each, or each for which it is true,
   * is closed by its own method when sent or failed. Bytes are borrowed until the promise settles. Of a frame that fails
   * before its first byte nothing was sent.
   *
   * Rejects with TypeError, ERR_FD_WITHOUT_BYTES, ERR_FD_CLOSED, ERR_FD_BUSY, ERR_INVALID_STATE for bytes whose memory was
   * transferred away meanwhile, an AbortError, or a system error such as EBADF (this frame only) or EPIPE (which destroys
   * the socket). When the socket is destroyed, and somebody listens to 'error', the promise need not be awaited.
   */
  send(bytes: Uint8Array | string, fds: readonly FdLike[] = NO_FDS, options: SendOptions = NO_OPTIONS): Promise<void> {
    try {
      requireDescriptors(fds);
      if (options !== NO_OPTIONS) requireSendOptions(options, fds);
      const refused = this.destroyed || this.writableEnded ? this.#refused() : undefined;
      return this[lifetime].outbox.send(asBytes(bytes), fds, options, refused);
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /**
   * Sends a frame as a codec encoded it. Rejects as {@link send} does, and with RangeError for `fdsPerSend`.
   * @internal
   */
  [sendFrame]({ bytes, fds = NO_FDS, transfer = false }: EncodedFrame, how: HowToSend): Promise<void> {
    try {
      const pieces = requirePieces(bytes);
      requireDescriptors(fds);
      requireTransfer(transfer, fds);
      requireFdsPerSend(how.fdsPerSend);
      const refused = this.destroyed || this.writableEnded ? this.#refused() : undefined;
      const { signal, fdsPerSend } = how;
      return this[lifetime].outbox.send(pieces, fds, { transfer, signal }, refused, fdsPerSend);
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /** @internal @throws as for {@link sendFrame}, before anything is sent */
  [keepFds]({ fds = NO_FDS, transfer = false }: EncodedFrame): Kept {
    requireDescriptors(fds);
    requireTransfer(transfer, fds);
    return this[lifetime].outbox.keep(fds, transfer);
  }

  /**
   * `write()` with descriptors, which ride on the bytes as those of {@link send} do. Returns false when the next write
   * should wait for `'drain'`; `callback` is called when the kernel accepted all, or with the error. As with `write()`, a
   * failure destroys the socket and is emitted as 'error', since the stream would lack these bytes in its middle.
   *
   * Descriptors are borrowed, and may be closed as soon as this returns; with `transfer` each, or each for which it is true,
   * is closed by its own method when sent or failed. Bytes are borrowed until `callback` is called.
   * @throws TypeError, ERR_FD_WITHOUT_BYTES, ERR_FD_CLOSED, ERR_FD_BUSY, EBADF; nothing was sent then
   */
  writeFds(bytes: Uint8Array | string, fds: readonly FdLike[], callback?: WriteCallback): boolean;
  writeFds(
    bytes: Uint8Array | string,
    fds: readonly FdLike[],
    options?: WriteFdsOptions,
    callback?: WriteCallback,
  ): boolean;
  writeFds(
    bytes: Uint8Array | string,
    fds: readonly FdLike[],
    options: WriteFdsOptions | WriteCallback = NO_OPTIONS,
    callback?: WriteCallback,
  ): boolean {
    if (typeof options === 'function') return this.writeFds(bytes, fds, NO_OPTIONS, options);
    requireDescriptors(fds);
    requireWriteOptions(options, fds);
    requireCallback(callback);
    return this[lifetime].outbox.write(asBytes(bytes), fds, options.transfer ?? false, callback);
  }

  /** What is shown and written as JSON: what state it is in, and what went through. */
  toJSON(): SocketFacts {
    return factsOf(this, this[lifetime].handle, this[lifetime].inbox);
  }

  /** @internal */
  [INSPECT](...shown: ShownHow): string {
    return show('FdSocket', this.toJSON(), ...shown);
  }

  #requireConnected(): void {
    if (this.connecting || this.destroyed)
      throw new AncillaryError('ERR_FD_CLOSED', `the socket is ${this.connecting ? 'not connected yet' : 'destroyed'}`);
  }

  #measureOf(codec: AnyCodec | undefined): FrameMeasure {
    if (codec === undefined) return segmentFrames(this[lifetime].inbox.queue);
    const made: FrameCodec<unknown, never> = codecOf(this, codec, ['measure']);
    requireFdsPerSend(made.fdsPerSend);
    return made;
  }

  #startReceiving(length: number, signal: AbortSignal | undefined): FrameIterator {
    if (this.destroyed) throw this.#closedReason('nothing can be received');
    const frames = new FrameIterator(this[lifetime].inbox, exactly(length), `receive(${length})`, signal, false);
    frames.start();
    return frames;
  }

  #received({ value }: IteratorResult<FdFrame, undefined>): FdFrame {
    if (value === undefined) throw this.#closedReason('nothing can be received');
    return value;
  }

  #closedReason(consequence: string): Error {
    if (this.errored) return this.errored;
    const what = this.destroyed ? 'the socket is destroyed' : 'the sending side of the socket has ended';
    return new AncillaryError('ERR_FD_CLOSED', `${what}; ${consequence}`);
  }

  #refused(): Refused {
    const gone = this[lifetime].endedForPeer && !this.errored;
    const error = gone ? peerGone() : this.#closedReason('nothing was sent');
    return { error: () => error, reported: this.listenerCount('error') > 0 || (this.destroyed && !this.errored) };
  }
}
