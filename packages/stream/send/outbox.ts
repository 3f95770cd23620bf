import { Writable } from 'node:stream';
import type { DescriptorTable, SocketBinding, SocketHandle } from '../../binding';
import { abortError } from '../abort';
import type { FdLike } from '../fd-like';
import type { SocketStats } from '../stats';
import { HandedOver } from './handed-over';
import { lossOf } from './lost-bytes';
import { Outgoing, type SendOptions } from './outgoing';
import { Places } from './places';
import { Transmitter } from './transmitter';
import { type Gathering, tellEndOfTurn } from './turn';

/** Why nothing may be sent any more. */
export interface Refused {
  readonly error: Error;
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
  readonly #places = new Places();
  /** Bytes of frames in the queue that hold no place yet, since they may leave within this turn. */
  #uncountedBytes = 0;
  #gathering = false;
  /** Why nothing is sent any more. */
  #closed: Refused | undefined;

  constructor(writable: Writable, handle: SocketHandle, binding: SocketBinding, stats: SocketStats) {
    this.#writable = writable;
    this.#highWaterMark = writable.writableHighWaterMark;
    this.#table = binding.descriptors;
    this.#transmitter = new Transmitter(handle, binding, stats, (error) => {
      writable.destroy(error);
    });
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
    return this.#transmitter.filter(awaits).length > 0 || this.#places.frames.some(awaits);
  }

  /**
   * Sends a frame after all that was written before. When this returns, its descriptors have left or are duplicated: the
   * user may close them.
   * @throws as {@link Outgoing.frame}
   */
  send(bytes: Uint8Array, fds: readonly FdLike[], options: SendOptions, refused: Refused | undefined): Promise<void> {
    const { transfer = false, signal } = options;
    const frame = Outgoing.frame(bytes, fds, transfer, this.#table);
    if (signal?.aborted === true) frame.settle(abortError(signal));
    else if (refused !== undefined) frame.settle(refused.error, refused.reported);
    else if (bytes.length === 0) frame.settle();
    else if (this.#leavesAtOnce(frame)) this.#sendNow(frame);
    else this.#park(frame);
    if (signal !== undefined && !frame.settled)
      frame.withdrawOn(signal, () => frame.parked || this.#transmitter.withdraw(frame));
    return frame.outcome();
  }

  /**
   * Writes a frame as a chunk is written, and returns whether the next should wait for `'drain'`. Descriptors may be closed
   * as soon as this returns.
   * @throws as {@link Outgoing.frame}; EBADF
   */
  write(
    bytes: Uint8Array,
    fds: readonly FdLike[],
    transfer: boolean,
    callback: ((error?: Error | null) => void) | undefined,
  ): boolean {
    const frame = Outgoing.frame(bytes, fds, transfer, this.#table, false);
    return this.#park(frame, callback);
  }

  /** Sends what the Writable hands over, and calls back when all of it left or the socket failed. */
  writeChunks(chunks: readonly Buffer[], callback: (error?: Error | null) => void): void {
    const handedOver = new HandedOver(callback);
    const frames: Outgoing[] = [];
    for (const chunk of chunks) {
      if (handedOver.failed) break;
      const placed = this.#places.take(chunk);
      if (placed !== undefined) frames.push(...this.#leavePlace(placed, handedOver));
      else if (chunk.length > 0) frames.push(Outgoing.chunk(chunk, handedOver.add()));
      else handedOver.fail(lossOf(chunk));
    }
    const [only] = frames;
    if (only !== undefined && frames.length === 1) this.#transmitter.send(only);
    else for (const frame of frames) this.#transmitter.push(frame);
    this.#transmitter.flush();
    for (const frame of frames) this.#transmitter.secure(frame);
    handedOver.complete();
  }

  /** The kernel has room again. */
  roomAgain(): void {
    this.#transmitter.roomAgain();
    if (!this.#gathering) this.#countWaiting();
  }

  endOfTurn(): void {
    this.#gathering = false;
    this.#transmitter.flush();
    this.#countWaiting();
  }

  /** Calls back, once, when everything queued has left. */
  whenIdle(callback: () => void): void {
    this.#transmitter.whenIdle(callback);
  }

  /** Fails every frame that was not sent or still comes. */
  destroy(reason: Error, reported: boolean): void {
    this.#closed = { error: reason, reported };
    this.#uncountedBytes = 0;
    for (const frame of [...this.#transmitter.stop(), ...this.#places.clear()]) frame.settle(reason, reported);
  }

  /** Nothing waits before it. One that is as long as may wait goes through the Writable, which then wants to drain. */
  #leavesAtOnce({ bytes }: Outgoing): boolean {
    return bytes.length < this.#highWaterMark && countedLength(this.#writable) === 0;
  }

  /** Lets a frame wait for its turn in the Writable's buffer; where there is no turn to wait for, sends it. */
  #park(frame: Outgoing, callback?: (error?: Error | null) => void): boolean {
    frame.parked = true;
    const [place, ...others] = this.#places.reserve(frame);
    let more = this.#writable.write(place, (error) => {
      if (error) {
        this.#places.take(place);
        frame.settle(error);
      }
      callback?.(error);
    });
    this.#secureParked(frame);
    for (const other of others) more = this.#writeMore(other) && more;
    return more;
  }

  #secureParked(frame: Outgoing): void {
    if (frame.parked && this.#writable.writable) this.#transmitter.secure(frame);
  }

  #writeMore(place: Buffer): boolean {
    return this.#writable.writable && this.#writable.write(place);
  }

  /** Of frames that are in the queue already. */
  #takePlace(frames: readonly Outgoing[]): void {
    for (const frame of frames) frame.onSettled = nothing;
    for (const place of this.#places.reserve(...frames)) this.#writeMore(place);
  }

  /** Frames whose place has come: those that are to be queued now. */
  #leavePlace(placed: readonly Outgoing[], handedOver: HandedOver): Outgoing[] {
    const unsettled = placed.filter(({ settled }) => !settled);
    for (const frame of unsettled) frame.onSettled = handedOver.add();
    const parked = unsettled.filter((frame) => frame.parked);
    for (const frame of parked) {
      frame.parked = false;
      if (frame.bytes.length === 0) frame.settle(lossOf(frame.bytes));
    }
    return parked.filter(({ settled }) => !settled);
  }

  /** Sends what can be sent now, of a frame that nothing waits before. One that fails is settled, not thrown. */
  #sendNow(frame: Outgoing): void {
    // A getter of what was given may have destroyed the socket.
    if (this.#closed !== undefined) {
      frame.settle(this.#closed.error, this.#closed.reported);
      return;
    }
    // The first plain frame of a turn goes at once; those that follow within it share system calls.
    const gathers = frame.fds.length === 0;
    if (gathers && this.#gathering) {
      this.#transmitter.push(frame);
      this.#uncountedBytes += frame.bytes.length;
      if (this.#uncountedBytes < this.#highWaterMark) return;
      this.#transmitter.flush();
    } else {
      this.#gathering ||= gathers && tellEndOfTurn(this);
      this.#transmitter.send(frame);
      if (frame.settled) return;
      this.#transmitter.secure(frame);
    }
    this.#countWaiting();
  }

  /** Has the Writable count what could not leave within its turn. */
  #countWaiting(): void {
    this.#uncountedBytes = 0;
    if (!this.#transmitter.pending) return;
    const waiting = this.#transmitter.filter(({ promised, onSettled }) => promised && onSettled === undefined);
    if (waiting.length === 0) return;
    // After end() it takes nothing more.
    if (!this.#writable.writable) for (const { bytes } of waiting) this.#uncountedBytes += bytes.length;
    else this.#takePlace(waiting);
  }
}

const nothing = (): void => undefined;

/** What a Writable counts itself. An FdSocket adds {@link Outbox.uncountedBytes}. */
export function countedLength(writable: Writable): number {
  return Number(lengthGetter?.get?.call(writable));
}

const lengthGetter = Object.getOwnPropertyDescriptor(Writable.prototype, 'writableLength');
