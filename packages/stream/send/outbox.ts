import type { Writable } from 'node:stream';
import { type SendResult, type SocketBinding, type SocketHandle, systemError } from '../../binding';
import { abortError, asError } from '../abort';
import type { FdLike } from '../fd-like';
import type { SocketStats } from '../stats';
import { HandedOver, lossOf } from './handed-over';
import { Outgoing, type SendOptions } from './outgoing';
import { refusalOf } from './refusal';
import { holdsFds, MAX_FDS_PER_SENDMSG, SendQueue } from './send-queue';

const SHORTEST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 100;

/**
 * The sending half of a socket: brings what `write()` and `send()` are given onto the wire in the order they were called,
 * sends what the kernel takes at once, keeps the rest safe from what the user does to borrowed descriptors meanwhile, and
 * settles each frame once.
 *
 * A Writable hands over one write after the other and buffers the rest itself, so a frame that is sent meanwhile takes
 * its place in that buffer: it is parked there.
 */
export class Outbox {
  readonly #writable: Writable;
  readonly #handle: SocketHandle;
  readonly #binding: SocketBinding;
  readonly #stats: SocketStats;
  readonly #queue = new SendQueue<Outgoing>();
  /** Frames in the Writable's buffer, found again by the very Buffer that holds their place. */
  #parked: Map<Uint8Array, Outgoing> | undefined;
  /** Bytes that the Writable handed over and that it does not know to be sent. */
  #writing = 0;
  /** The kernel refused; {@link roomAgain} or the timer goes on. */
  #waiting = false;
  #stopWaiting: (() => void) | undefined;
  #waitMs = SHORTEST_WAIT_MS;
  #flushing = false;
  #gathering = false;
  #onIdle: (() => void) | undefined;
  /** Why nothing is sent any more. */
  #closed: Error | undefined;

  constructor(writable: Writable, handle: SocketHandle, binding: SocketBinding, stats: SocketStats) {
    this.#writable = writable;
    this.#handle = handle;
    this.#binding = binding;
    this.#stats = stats;
  }

  /** Whether frames wait to be sent. */
  get pending(): boolean {
    return this.#queue.length > 0;
  }

  /** Bytes of all that `stats` does not count as sent yet, the Writable's buffer included. */
  get unsentBytes(): number {
    let queued = 0;
    this.#queue.some(({ bytes }) => {
      queued += bytes.length;
      return false;
    });
    return queued + this.#writable.writableLength - this.#writing;
  }

  /** Whether somebody holds the promise of a frame that waits. */
  get awaited(): boolean {
    const parked = [...(this.#parked?.values() ?? [])];
    return this.#queue.some(({ promised }) => promised) || parked.some(({ settled }) => !settled);
  }

  /**
   * Sends a frame after all that was written before. When this returns, its descriptors have left or are duplicated: the
   * user may close them.
   * @param refused why nothing may be sent any more, if so
   * @throws as {@link Outgoing.frame}
   */
  send(bytes: Uint8Array, fds: readonly FdLike[], options: SendOptions, refused: Error | undefined): Promise<void> {
    const { transfer = false, signal } = options;
    const frame = Outgoing.frame(bytes, fds, transfer, this.#binding.descriptors);
    if (signal !== undefined) frame.withdrawOn(signal, () => frame.parked || this.#withdraw(frame));
    if (signal?.aborted === true) frame.settle(abortError(signal));
    else if (refused !== undefined) frame.settle(refused);
    else if (bytes.length === 0) frame.settle();
    else if (this.#writable.writableLength === this.#writing) this.#sendNow(frame);
    else this.#park(frame);
    return frame.outcome();
  }

  /** Sends what the Writable hands over, and calls back when all of it left or the socket failed. */
  writeChunks(chunks: readonly Buffer[], callback: (error?: Error | null) => void): void {
    const frames: Outgoing[] = [];
    const handedOver = new HandedOver((error) => {
      this.#writing = 0;
      callback(error);
    });
    for (const chunk of chunks) {
      this.#writing += chunk.length;
      const parked = this.#parked?.get(chunk);
      this.#parked?.delete(chunk);
      if (parked === undefined && chunk.length > 0) frames.push(Outgoing.chunk(chunk, handedOver.add()));
      else if (parked === undefined) handedOver.fail(lossOf(chunk));
      // A frame that fails alone rejects its own promise; the chunks around it are written all the same.
      else if (!parked.settled) frames.push(Object.assign(parked, { parked: false, onSettled: handedOver.add() }));
    }
    for (const frame of frames) this.#sendNow(frame);
    handedOver.complete();
  }

  /** The kernel has room again. */
  roomAgain(): void {
    this.#waiting = false;
    this.#flush();
  }

  /** Calls back, once, when everything queued has left. */
  whenIdle(callback: () => void): void {
    if (this.#queue.length === 0) callback();
    else this.#onIdle = callback;
  }

  /** Fails every frame that was not sent or still comes. */
  destroy(reason: Error): void {
    this.#closed = reason;
    this.#stopWaiting?.();
    this.#waiting = true;
    this.#onIdle = undefined;
    const parked = [...(this.#parked?.values() ?? [])];
    this.#parked = undefined;
    for (const frame of [...this.#queue.clear(), ...parked]) frame.settle(reason);
  }

  #park(frame: Outgoing): void {
    this.#secure(frame);
    if (frame.settled) return;
    frame.parked = true;
    const place = Buffer.from(frame.bytes.buffer, frame.bytes.byteOffset, frame.bytes.length);
    this.#parked ??= new Map();
    this.#parked.set(place, frame);
    this.#writable.write(place, (error) => {
      if (error) frame.settle(error);
    });
  }

  /** Queues a frame and sends what can be sent now. A frame that fails is settled, not thrown. */
  #sendNow(frame: Outgoing): void {
    if (this.#closed !== undefined) {
      frame.settle(this.#closed);
      return;
    }
    // The first plain frame of a turn goes at once; those that follow within it share system calls. A Writable hands
    // over its chunks one after the other, and gathers by itself.
    const gathers = frame.promised && frame.fds.length === 0;
    if (gathers && this.#gathering) {
      this.#queue.push(frame);
      return;
    }
    if (gathers) this.#gather();
    if (this.#canPassQueue(frame)) this.#sendPastQueue(frame);
    else {
      this.#queue.push(frame);
      this.#flush();
    }
    if (!frame.settled && holdsFds(frame)) this.#secure(frame);
  }

  /** Makes a frame independent of its borrowed descriptors, since it has to wait; one that cannot be is settled. */
  #secure(frame: Outgoing): void {
    try {
      frame.secure(this.#binding.descriptors);
    } catch (error) {
      const failure = asError(error);
      this.#queue.withdraw(frame);
      frame.settle(failure);
      // Part of the frame is on the wire and the rest cannot follow: the stream is of no use any more.
      if (frame.sent > 0) this.#fail(failure);
    }
  }

  /** Sends until the queue is empty or the kernel refuses. */
  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      while (this.#queue.length > 0 && !this.#waiting) this.#sendSome();
    } catch (error) {
      this.#fail(asError(error));
    } finally {
      this.#flushing = false;
    }
    this.#reportIdle();
  }

  #gather(): void {
    this.#gathering = true;
    queueMicrotask(() => {
      this.#gathering = false;
      this.#flush();
    });
  }

  #canPassQueue({ bytes, fds }: Outgoing): boolean {
    const inUse = this.#queue.length > 0 || this.#flushing || this.#waiting;
    return !inUse && bytes.length > 0 && fds.length <= MAX_FDS_PER_SENDMSG;
  }

  /** What the queue would do with its only frame, in less time: mostly the kernel takes all of it. */
  #sendPastQueue(frame: Outgoing): void {
    let result: SendResult;
    try {
      result = this.#handle.sendParts([frame]);
    } catch (error) {
      this.#queue.push(frame);
      this.#fail(asError(error));
      return;
    }
    if (result.accepted === frame.bytes.length) {
      this.#sent(frame);
      return;
    }
    frame.sent = result.accepted;
    this.#queue.push(frame);
    if (result.error !== undefined) this.#refused(result.error);
  }

  #sendSome(): void {
    const { accepted, error } = this.#handle.sendParts(this.#queue.plan());
    if (accepted > 0) this.#waitMs = SHORTEST_WAIT_MS;
    for (const frame of this.#queue.accept(accepted)) this.#sent(frame);
    if (error !== undefined) this.#refused(error);
  }

  #sent(frame: Outgoing): void {
    this.#waitMs = SHORTEST_WAIT_MS;
    this.#stats.sent(frame.bytes.length, frame.fds.length);
    frame.settle();
  }

  #withdraw(frame: Outgoing): boolean {
    const withdrawn = this.#queue.withdraw(frame);
    // end() may have waited for this frame only.
    if (withdrawn) queueMicrotask(() => this.#reportIdle());
    return withdrawn;
  }

  #reportIdle(): void {
    if (this.#queue.length > 0 || this.#onIdle === undefined) return;
    const onIdle = this.#onIdle;
    this.#onIdle = undefined;
    onIdle();
  }

  #refused(error: string): void {
    const { front } = this.#queue;
    const refusal = refusalOf(error, front);
    if (refusal === 'frame' && front !== undefined && this.#queue.withdraw(front)) {
      front.settle(systemError(error, 'sendmsg', this.#blame(front, error)));
      return;
    }
    this.#waiting = true;
    if (refusal === 'full') this.#handle.watchWritable();
    else if (refusal === 'later') {
      this.#stopWaiting = this.#binding.after(this.#waitMs, () => this.roomAgain());
      this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
    } else this.#fail(systemError(error, 'sendmsg'));
  }

  #blame(frame: Outgoing, error: string): string {
    const notOpen = error === 'EBADF' ? frame.fds.find((fd) => !this.#binding.descriptors.isOpen(fd)) : undefined;
    const why = notOpen === undefined ? '' : `descriptor ${notOpen} is not open; `;
    return `${why}nothing of the frame was sent`;
  }

  /** Nothing more can be sent. */
  #fail(error: Error): void {
    this.#writable.destroy(error);
  }
}
