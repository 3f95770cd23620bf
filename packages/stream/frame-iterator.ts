import { AncillaryError, systemError } from '../binding';
import { Fifo } from './fifo';
import type { FdFrame } from './frame';
import { type FrameMeasure, FrameReader } from './frame-reader';
import { type Consumer, type Demand, NO_DEMAND, type Receiver } from './receiver';
import { asError } from './rejection';

interface Waiter {
  resolve(result: IteratorResult<FdFrame, undefined>): void;
  reject(error: Error): void;
}

const DONE: IteratorResult<FdFrame, undefined> = { done: true, value: undefined };

/**
 * The frames of a socket, one `next()` at a time. It becomes the socket's consumer with the first `next()` and stops
 * being it when the loop is left; it takes out of the queue only what it is asked for.
 */
export class FrameIterator implements AsyncIterableIterator<FdFrame>, Consumer {
  readonly name: string;
  readonly #receiver: Receiver;
  readonly #reader: FrameReader;
  readonly #endExpected: boolean;
  readonly #waiters = new Fifo<Waiter>();
  #state: 'new' | 'reading' | 'finished' = 'new';
  /** Told by the next `next()`, since nobody was waiting when it happened. */
  #untold: { readonly error: Error } | undefined;

  /**
   * @param name what a user would call this way of reading
   * @param endExpected whether the stream may end before the next frame; otherwise that is ERR_FRAME_INCOMPLETE
   */
  constructor(receiver: Receiver, codec: FrameMeasure, name: string, endExpected = true) {
    this.#receiver = receiver;
    this.#reader = new FrameReader(receiver.queue, codec, receiver.limits, receiver.host.discard);
    this.name = name;
    this.#endExpected = endExpected;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<FdFrame, undefined>> {
    if (this.#untold !== undefined) {
      const { error } = this.#untold;
      this.#untold = undefined;
      return Promise.reject(error);
    }
    try {
      if (this.#state === 'new') this.#start();
    } catch (error) {
      return Promise.reject(asError(error));
    }
    if (this.#state === 'finished') return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.advance();
      this.#receiver.taken();
    });
  }

  return(): Promise<IteratorResult<FdFrame, undefined>> {
    this.#finish();
    return Promise.resolve(DONE);
  }

  advance(): void {
    while (this.#waiters.length > 0 && this.#state === 'reading') {
      let result: IteratorResult<FdFrame, undefined> | undefined;
      try {
        result = this.#take();
      } catch (error) {
        this.#receiver.host.failed(asError(error));
        return;
      }
      if (result === undefined) return;
      if (result.done === true) {
        this.#finish();
        this.#receiver.host.ended();
      } else this.#waiters.shift()?.resolve(result);
    }
  }

  demand(): Demand {
    const { queue, limits } = this.#receiver;
    const missing = this.#reader.missing();
    if (this.#reader.failed) return NO_DEMAND;
    if (!this.#reader.greedy) {
      if (this.#waiters.length === 0) return NO_DEMAND;
      return { bytes: missing, fds: Math.max(1, limits.maxFdsPerFrame + 1 - queue.fdCount) };
    }
    // A frame that is incomplete may always be finished; what is complete waits for its taker, up to the limits.
    const full = queue.length >= limits.highWaterMark || queue.fdCount >= limits.maxQueuedFds;
    if (missing === 0 && full) return NO_DEMAND;
    return { bytes: Math.max(missing, limits.highWaterMark), fds: Math.max(1, limits.maxQueuedFds - queue.fdCount) };
  }

  fail(error: Error | undefined): boolean {
    if (this.#state !== 'reading') return false;
    this.#state = 'finished';
    const waiters = this.#waiters.clear();
    if (error === undefined) {
      for (const waiter of waiters) waiter.resolve(DONE);
      return true;
    }
    for (const waiter of waiters) waiter.reject(error);
    if (waiters.length === 0) this.#untold = { error };
    return true;
  }

  #take(): IteratorResult<FdFrame, undefined> | undefined {
    const frame = this.#reader.next();
    if (frame !== undefined) {
      this.#receiver.host.frameReceived();
      return { done: false, value: frame };
    }
    const { end, queue } = this.#receiver;
    if (end === undefined) return undefined;
    if (end !== 'eof') throw systemError(end.error, 'recvmsg');
    if (queue.length === 0 && this.#endExpected) return DONE;
    throw new AncillaryError(
      'ERR_FRAME_INCOMPLETE',
      `the stream ended inside a frame, ${queue.length} bytes after its start at ${queue.start}; ` +
        `the ${queue.fdCount} descriptors that came with them are closed`,
    );
  }

  #start(): void {
    const { closed } = this.#receiver;
    if (closed !== undefined) {
      // As it would have been told, had it been waiting when the socket was destroyed.
      this.#state = 'finished';
      if (closed.error !== undefined) throw closed.error;
      return;
    }
    this.#receiver.claim(this);
    this.#state = 'reading';
  }

  #finish(): void {
    if (this.#state === 'finished') return;
    this.#state = 'finished';
    for (const waiter of this.#waiters.clear()) waiter.resolve(DONE);
    this.#receiver.release(this);
  }
}
