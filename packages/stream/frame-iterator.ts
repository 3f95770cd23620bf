import { Fifo } from './fifo';
import type { FdFrame } from './frame';
import type { FrameMeasure } from './frame-measure';
import { FrameSource } from './frame-source';
import { type Consumer, type Demand, type Receiver } from './receiver';
import { asError } from './rejection';

type Result = IteratorResult<FdFrame, undefined>;

/** Resolves what a `next()` returned; also to a rejection, so that no second function need be held while it waits. */
type Waiter = (result: Result | Promise<never>) => void;

const DONE: Result = { done: true, value: undefined };

/**
 * The frames of a socket, one `next()` at a time. It becomes the socket's consumer with the first `next()` and stops
 * being it when the loop is left; it takes out of the queue only what it is asked for.
 */
export class FrameIterator implements AsyncIterableIterator<FdFrame>, Consumer {
  readonly name: string;
  readonly #receiver: Receiver;
  readonly #source: FrameSource;
  /** The first who waits, who mostly is alone. */
  #waiter: Waiter | undefined;
  #others: Fifo<Waiter> | undefined;
  #state: 'new' | 'reading' | 'finished' = 'new';
  /** Told by the next `next()`, since nobody was waiting when it happened. */
  #untold: { readonly error: Error } | undefined;

  /**
   * @param name what a user would call this way of reading
   * @param endExpected see {@link FrameSource}
   */
  constructor(receiver: Receiver, codec: FrameMeasure, name: string, endExpected = true) {
    this.#receiver = receiver;
    this.#source = new FrameSource(receiver, codec, endExpected);
    this.name = name;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    const untold = this.#tellUntold();
    if (untold !== undefined) return untold;
    try {
      if (this.#state === 'new') this.#start();
    } catch (error) {
      return Promise.reject(asError(error));
    }
    const result = this.#waiter === undefined ? this.#take() : undefined;
    const failed = this.#tellUntold();
    if (failed !== undefined) return failed;
    if (result !== undefined) {
      this.#receiver.taken();
      return Promise.resolve(result);
    }
    return new Promise((resolve) => {
      if (this.#waiter === undefined) this.#waiter = resolve;
      else (this.#others ??= new Fifo()).push(resolve);
      this.#receiver.taken();
    });
  }

  return(): Promise<Result> {
    this.#finish();
    return Promise.resolve(DONE);
  }

  advance(): void {
    while (this.#waiter !== undefined) {
      const resolve = this.#waiter;
      const result = this.#take();
      if (result === undefined) return;
      this.#waiter = this.#others?.shift();
      resolve(result);
    }
  }

  demand(): Demand {
    return this.#source.demand(this.#waiter !== undefined);
  }

  fail(error: Error | undefined): boolean {
    if (this.#state !== 'reading') return false;
    this.#state = 'finished';
    const waiters = this.#clearWaiters();
    if (error === undefined) {
      for (const resolve of waiters) resolve(DONE);
      return true;
    }
    for (const resolve of waiters) resolve(Promise.reject(error));
    if (waiters.length === 0) this.#untold = { error };
    return true;
  }

  /** What `next()` is answered, or undefined while it has to wait. */
  #take(): Result | undefined {
    if (this.#state !== 'reading') return DONE;
    const taken = this.#source.take();
    if (taken !== 'end') return taken === undefined ? undefined : { done: false, value: taken };
    this.#finish();
    this.#receiver.host.ended();
    return DONE;
  }

  #tellUntold(): Promise<never> | undefined {
    if (this.#untold === undefined) return undefined;
    const { error } = this.#untold;
    this.#untold = undefined;
    return Promise.reject(error);
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
    for (const resolve of this.#clearWaiters()) resolve(DONE);
    this.#receiver.release(this);
  }

  #clearWaiters(): Waiter[] {
    const waiters = this.#waiter === undefined ? [] : [this.#waiter, ...(this.#others?.clear() ?? [])];
    this.#waiter = undefined;
    return waiters;
  }
}
