import { abortError, asError, onAbort } from '../abort';
import { Fifo } from '../fifo';
import type { FdFrame } from '../frame';
import type { Consumer, Demand } from './consumer';
import type { FrameMeasure } from './frame-measure';
import { FrameReader } from './frame-reader';
import type { Inbox } from './inbox';

type Result = IteratorResult<FdFrame, undefined>;

/** Resolves what a `next()` returned; also to a rejection, so that no second function need be held while it waits. */
type Waiter = (result: Result | Promise<never>) => void;

const DONE: Result = { done: true, value: undefined };

/**
 * The frames of a socket, one `next()` at a time. It becomes the socket's consumer with the first `next()` and stops
 * being it when the loop is left; it takes out of the queue only what `next()` returns.
 */
export class FrameIterator implements AsyncIterableIterator<FdFrame>, Consumer {
  readonly name: string;
  readonly rejects = true;
  readonly readsOn = true;
  readonly #inbox: Inbox;
  readonly #reader: FrameReader;
  /** The first who waits, who mostly is alone. */
  #waiter: Waiter | undefined;
  #others: Fifo<Waiter> | undefined;
  #state: 'new' | 'reading' | 'finished' = 'new';
  readonly #signal: AbortSignal | undefined;
  #stopListening: (() => void) | undefined;
  /** For the next `next()`, since nobody was waiting when it happened. */
  #unreported: { readonly error: Error } | undefined;

  /**
   * @param name what a user would call this way of reading
   * @param signal makes whoever waits, or else the next one, give up
   * @param endExpected see {@link FrameReader}
   */
  constructor(inbox: Inbox, codec: FrameMeasure, name: string, signal: AbortSignal | undefined, endExpected = true) {
    this.#inbox = inbox;
    this.#reader = new FrameReader(inbox, codec, endExpected);
    this.name = name;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Becomes the consumer, if it is not yet. @throws ERR_FD_MODE; AbortError; what the socket was destroyed with */
  start(): void {
    if (this.#state !== 'new') return;
    const { destroyed } = this.#inbox;
    if (destroyed !== undefined) {
      // As if it had been waiting when the socket was destroyed.
      this.#state = 'finished';
      if (destroyed.error !== undefined) throw destroyed.error;
      return;
    }
    const signal = this.#signal;
    if (signal?.aborted === true) {
      this.#state = 'finished';
      throw abortError(signal);
    }
    this.#inbox.claimFrames(this);
    this.#state = 'reading';
    if (signal !== undefined) this.#stopListening = onAbort(signal, () => this.#finish(abortError(signal)));
  }

  next(): Promise<Result> {
    const unreported = this.#report();
    if (unreported !== undefined) return unreported;
    if (this.#state === 'new') {
      try {
        this.start();
      } catch (error) {
        return Promise.reject(asError(error));
      }
    }
    const result = this.#waiter === undefined && this.#hasTurn() ? this.#take() : undefined;
    if (result === undefined || result.done === true) {
      const failed = this.#report();
      if (failed !== undefined) return failed;
    }
    if (result !== undefined) {
      this.#inbox.tookSome();
      return Promise.resolve(result);
    }
    return this.#wait();
  }

  #wait(): Promise<Result> {
    return new Promise((resolve) => {
      if (this.#waiter === undefined) this.#waiter = resolve;
      else (this.#others ??= new Fifo()).push(resolve);
      this.#inbox.resumeReading();
    });
  }

  return(): Promise<Result> {
    this.#finish();
    return Promise.resolve(DONE);
  }

  advance(): void {
    while (this.#waiter !== undefined && this.#hasTurn()) {
      const resolve = this.#waiter;
      const result = this.#take();
      if (result === undefined) return;
      this.#waiter = this.#others?.shift();
      resolve(result);
    }
  }

  demand(): Demand {
    return this.#reader.demand(this.#waiter !== undefined);
  }

  get awaitedAt(): number | undefined {
    return this.#waiter === undefined ? undefined : this.#reader.begunAt;
  }

  reserve(): Buffer | undefined {
    return this.#reader.reserve();
  }

  socketDestroyed(error: Error | undefined): void {
    this.#finish(error);
  }

  /** Of a loop that is left, nobody waits for the end. */
  #hasTurn(): boolean {
    return this.#state !== 'reading' || this.#inbox.hasTurn();
  }

  /** What `next()` returns, or undefined while it has to wait. */
  #take(): Result | undefined {
    if (this.#state !== 'reading') return DONE;
    const taken = this.#reader.nextFrame();
    if (taken === 'end') {
      this.#finish();
      this.#inbox.owner.endReached();
    } else if (taken !== undefined) return { done: false, value: taken };
    return this.#isFinished() ? DONE : undefined;
  }

  /** Also where the codec destroyed the socket, left the loop or aborted its signal while it was measuring. */
  #isFinished(): boolean {
    return this.#state === 'finished';
  }

  #report(): Promise<never> | undefined {
    if (this.#unreported === undefined) return undefined;
    const { error } = this.#unreported;
    this.#unreported = undefined;
    return Promise.reject(error);
  }

  /** Nothing is taken any more. An error is told to whoever waits, or else to the next who asks. */
  #finish(error?: Error): void {
    if (this.#state === 'finished') return;
    this.#state = 'finished';
    this.#reader.stop();
    this.#stopListening?.();
    this.#stopListening = undefined;
    const waiters = this.#clearWaiters();
    for (const resolve of waiters) resolve(error === undefined ? DONE : Promise.reject(error));
    if (error !== undefined && waiters.length === 0) this.#unreported = { error };
    this.#inbox.release(this);
  }

  #clearWaiters(): Waiter[] {
    const waiters = this.#waiter === undefined ? [] : [this.#waiter, ...(this.#others?.clear() ?? [])];
    this.#waiter = undefined;
    return waiters;
  }
}
