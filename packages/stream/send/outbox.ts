import type { Writable } from 'node:stream';
import type { DescriptorTable, SocketBinding, SocketHandle } from '../../binding';
import { abortError } from '../abort';
import { bareNumbersOf, type FdLike } from '../fd-like';
import type { ConnectionQuota } from '../limits/quota';
import type { SocketStats } from '../stats';
import { HandedOver } from './handed-over';
import { Kept } from './kept';
import { isPieces, Outgoing, SENT, type SendOptions } from './outgoing';
import { MAX_FDS_PER_SENDMSG } from './send-queue';
import { type SendLimits, Transmitter } from './transmitter';
import { type Gathering, tellEndOfTurn } from './turn';
import { WritableBuffer } from './writable-buffer';

const NO_FDS: readonly number[] = [];

/** Why nothing may be sent any more. */
export interface Refused {
  readonly error: () => Error;
  /** The program knows, or learns of it besides: a promise that nobody awaits need not end it. */
  readonly reported: boolean;
}

/**
 * The sending half of a socket: brings what `write()`, `writeFds()` and `send()` are given onto the wire in the order they
 * were called, sends what the kernel takes at once, keeps the rest safe from what the user does to borrowed descriptors
 * meanwhile, and settles each frame once.
 *
 * What the kernel takes at once goes past the Writable. What has to wait holds a place in the Writable's buffer: so all
 * counts as written chunks do, and keeps its order among them.
 */
export class Outbox implements Gathering {
  readonly #writable: Writable;
  readonly #highWaterMark: number;
  readonly #table: DescriptorTable;
  readonly #transmitter: Transmitter;
  readonly #buffer: WritableBuffer;
  /** Frames at the end of the queue that hold no place yet, since they may leave within this turn. */
  #uncountedFrames = 0;
  #uncountedBytes = 0;
  #gathering = false;
  /** Why nothing is sent any more. */
  #closed: Refused | undefined;
  #broken: (error: Error) => void;
  /** Nothing can be sent any more, and the socket is still read. */
  #failed = false;
  readonly #quota: ConnectionQuota | undefined;

  /** @param broken called when nothing more can be sent */
  constructor(
    writable: Writable,
    handle: SocketHandle,
    binding: SocketBinding,
    stats: SocketStats,
    limits: SendLimits,
    broken: (error: Error) => void,
  ) {
    this.#writable = writable;
    this.#broken = broken;
    this.#buffer = new WritableBuffer(writable);
    this.#highWaterMark = writable.writableHighWaterMark;
    this.#table = binding.descriptors;
    this.#quota = limits.quota;
    this.#transmitter = new Transmitter(handle, binding, stats, limits, (error) => this.#broken(error));
  }

  /**
   * From now on only the sending side ends when nothing more can be sent: what waits fails, `told` is called, and the socket
   * is read on. What is written to the Writable afterwards is dropped.
   */
  failAlone(told: (error: Error) => void): void {
    this.#broken = (error) => {
      this.destroy(() => error, true);
      told(error);
    };
  }

  /**
   * Fails all that was given to `send()`, and what will be, where nothing more can be sent. Returns false, and does not, where
   * something was written besides, which the Writable cannot fail without destroying the socket.
   */
  fail(error: Error, reported: boolean): boolean {
    if (!this.#buffer.isQueued || this.#transmitter.filter(({ promised }) => !promised).length > 0) return false;
    this.#failed = true;
    this.destroy(() => error, reported);
    return true;
  }

  /** Whether frames wait to be sent. */
  get pending(): boolean {
    return this.#transmitter.pending;
  }

  /** Bytes that wait and that the Writable does not count. */
  get uncountedBytes(): number {
    return this.#transmitter.pending ? this.#uncountedBytes : 0;
  }

  /** Bytes that the kernel has yet to accept, of all that waits. */
  get unsentBytes(): number {
    return this.#writable.writableLength - this.#transmitter.sentOfPending;
  }

  /** Whether somebody holds the promise of a frame that waits. */
  get awaited(): boolean {
    const awaits = ({ promised, settled }: Outgoing): boolean => promised && !settled;
    return this.#transmitter.filter(awaits).length > 0 || this.#buffer.frames.some(awaits);
  }

  /** Keeps descriptors as long as whoever sends them likes. @throws as the constructor of {@link Kept} */
  keep(fds: readonly FdLike[], transfer: boolean | readonly boolean[]): Kept {
    return new Kept(fds, transfer, this.#table, this.#quota);
  }

  /**
   * Sends a frame after all that was written before. When this returns, its descriptors have left or are duplicated: the
   * user may close them.
   * @throws as {@link Outgoing.frame}
   */
  send(
    bytes: Uint8Array | readonly Uint8Array[],
    fds: readonly FdLike[],
    options: SendOptions,
    refused: Refused | undefined,
    fdsPerSend?: number,
  ): Promise<void> {
    const { transfer = false, signal } = options;
    if ((transfer === false || fds.length === 0) && signal === undefined && refused === undefined && !isPieces(bytes)) {
      if (this.#gathering && fds.length === 0) {
        if (this.#gathers(bytes)) return this.#gather(bytes);
      } else {
        const numbers = this.#leavesAtOnce(bytes, fds, fdsPerSend);
        if (numbers !== undefined) return this.#sendAlone(bytes, numbers);
      }
    }
    const frame = Outgoing.frame(bytes, fds, transfer, this.#table, true, fdsPerSend);
    const closed = refused ?? this.#closed;
    if (closed !== undefined || signal !== undefined) this.#sendUnless(closed, signal, frame);
    else this.#begin(frame);
    return frame.outcome();
  }

  /** Whether it shares system calls with the others that are sent in this turn. */
  #gathers({ length }: Uint8Array): boolean {
    return length > 0 && this.#closed === undefined && this.#isNext(length);
  }

  #gather(bytes: Uint8Array): Promise<void> {
    const frame = Outgoing.begun(bytes, NO_FDS, 0);
    this.#transmitter.push(frame);
    this.#waitsBehindNothing(frame);
    if (this.#quota !== undefined) this.#countBytes();
    return frame.outcome();
  }

  /**
   * Most frames find nothing before them, and owe nothing but to be sent. Returns their descriptors' numbers; undefined for all
   * others.
   * @throws as {@link Outgoing.frame}
   */
  #leavesAtOnce(
    bytes: Uint8Array,
    fds: readonly FdLike[],
    fdsPerSend = MAX_FDS_PER_SENDMSG,
  ): readonly number[] | undefined {
    const numbers = fds.length === 0 ? NO_FDS : bareNumbersOf(fds);
    if (numbers === undefined || numbers.length > fdsPerSend) return undefined;
    this.#table.requireSendable?.(numbers);
    // Last, since looking at the arguments may have run code of the user.
    const { length } = bytes;
    const isNext = length > 0 && this.#closed === undefined && this.#isNext(length);
    return isNext && this.#transmitter.maySendAlone(numbers.length) ? numbers : undefined;
  }

  #sendAlone(bytes: Uint8Array, fds: readonly number[]): Promise<void> {
    // The first plain frame of a turn goes at once; those that follow within it share system calls.
    if (fds.length === 0) this.#gathering = tellEndOfTurn(this);
    const rest = this.#transmitter.sendAlone(bytes, fds);
    if (rest === undefined) return SENT;
    if (!rest.settled) {
      this.#transmitter.secure(rest);
      this.#waitsBehindNothing(rest);
    }
    if (this.#quota !== undefined) this.#countBytes();
    return rest.outcome();
  }

  #sendUnless(closed: Refused | undefined, signal: AbortSignal | undefined, frame: Outgoing): void {
    if (signal?.aborted === true) frame.settle(abortError(signal));
    else if (closed !== undefined) frame.settle(closed.error(), closed.reported);
    else this.#begin(frame);
    if (signal !== undefined && !frame.settled)
      frame.withdrawOn(signal, () => frame.parked || this.#transmitter.withdraw(frame));
  }

  #begin(frame: Outgoing): void {
    if (frame.whole === 0) frame.settle();
    else if (this.#isNext(frame.whole)) this.#sendNow(frame);
    else this.#park(frame);
    if (this.#quota !== undefined) this.#countBytes();
  }

  /**
   * Writes a frame as a chunk is written, and returns whether the next should wait for `'drain'`. Descriptors may be closed
   * as soon as this returns.
   * @throws as {@link Outgoing.frame}; EBADF
   */
  write(
    bytes: Uint8Array,
    fds: readonly FdLike[],
    transfer: boolean | readonly boolean[],
    callback: ((error?: Error | null) => void) | undefined,
  ): boolean {
    const frame = Outgoing.frame(bytes, fds, transfer, this.#table, false);
    const more = this.#park(frame, callback);
    this.#countBytes();
    return more;
  }

  /** Sends what the Writable hands over, and calls back when all of it left or the socket failed. */
  writeChunks(chunks: readonly Buffer[], callback: (error?: Error | null) => void): void {
    if (this.#closed !== undefined) {
      callback(this.#failed ? this.#closed.error() : undefined);
      return;
    }
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    const handedOver = new HandedOver((error) => {
      this.#buffer.leave(length);
      callback(error);
    });
    const frames: Outgoing[] = [];
    for (const chunk of chunks) if (!handedOver.failed) frames.push(...this.#buffer.handOver(chunk, handedOver));
    const [only] = frames;
    if (only !== undefined && frames.length === 1) this.#transmitter.send(only);
    else for (const frame of frames) this.#transmitter.push(frame);
    this.#transmitter.flush();
    for (const frame of frames) this.#transmitter.secure(frame);
    handedOver.complete();
    this.#countBytes();
  }

  /** The kernel has room again. */
  roomAgain(): void {
    this.#transmitter.roomAgain();
    if (!this.#gathering) this.#countWaiting();
    this.#countBytes();
  }

  endOfTurn(): void {
    this.#gathering = false;
    this.#transmitter.flush();
    this.#countWaiting();
    this.#countBytes();
  }

  /** Calls back, once, when everything queued has left. */
  whenIdle(callback: () => void): void {
    this.#transmitter.whenIdle(callback);
  }

  /** Fails every frame that was not sent or still comes. */
  destroy(reason: () => Error, reported: boolean): void {
    this.#closed = { error: reason, reported };
    this.#allCounted();
    for (const frame of [...this.#transmitter.stop(), ...this.#buffer.clear()]) frame.settle(reason(), reported);
  }

  /**
   * Nothing waits before it but the queue. One that is as long as may wait goes through the Writable, which then wants to
   * drain.
   */
  #isNext(length: number): boolean {
    return length < this.#highWaterMark && this.#buffer.isQueued;
  }

  #park(frame: Outgoing, callback?: (error?: Error | null) => void): boolean {
    const more = this.#buffer.park(frame, callback);
    if (frame.parked && this.#writable.writable) this.#transmitter.secure(frame);
    return more;
  }

  /** Sends what can be sent now, of a frame that nothing waits before. One that fails is settled, not thrown. */
  #sendNow(frame: Outgoing): void {
    if (this.#gathering && frame.fds.length === 0) this.#transmitter.push(frame);
    else if (this.#sendAtOnce(frame)) return;
    this.#waitsBehindNothing(frame);
  }

  /** Nothing but the queue is before it. */
  #waitsBehindNothing(frame: Outgoing): void {
    this.#uncountedFrames++;
    this.#uncountedBytes += frame.whole;
    if (this.#gathering && !this.#fillsWritable()) return;
    this.#transmitter.flush();
    this.#countWaiting();
  }

  /** Returns false where some of it waits. */
  #sendAtOnce(frame: Outgoing): boolean {
    this.#gathering ||= frame.fds.length === 0 && tellEndOfTurn(this);
    this.#transmitter.send(frame);
    if (frame.settled) return true;
    this.#transmitter.secure(frame);
    return false;
  }

  /** Whether the next should wait for `'drain'`, which only the Writable can say. */
  #fillsWritable(): boolean {
    const most = this.#highWaterMark;
    // Once it is full, no frame more makes a difference.
    const { queuedBytes } = this.#buffer;
    const counted = queuedBytes < most ? queuedBytes : 0;
    return counted + this.#uncountedBytes >= most;
  }

  /** Has the Writable count what could not leave within its turn. */
  #countWaiting(): void {
    const waiting = this.#transmitter
      .last(this.#uncountedFrames)
      .filter(({ promised, onSettled }) => promised && onSettled === undefined);
    this.#allCounted();
    if (waiting.length === 0 || this.#buffer.hold(waiting)) return;
    this.#uncountedFrames = waiting.length;
    for (const { length } of waiting) this.#uncountedBytes += length;
  }

  /** Of bytes that only the Writable knows, those that wait when something else happens here. */
  #countBytes(): void {
    if (this.#quota === undefined || this.#closed !== undefined) return;
    this.#quota.unsent = this.#transmitter.pending ? this.#writable.writableLength : 0;
  }

  #allCounted(): void {
    this.#uncountedFrames = 0;
    this.#uncountedBytes = 0;
  }
}
