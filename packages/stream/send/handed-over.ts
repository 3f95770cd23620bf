import { nextTick } from '../later';

type WriteCallback = (error?: Error | null) => void;

/** The chunks that a Writable handed over at once: calls it back when each of them left or failed. */
export class HandedOver {
  readonly #callback: WriteCallback;
  /** Those that are on their way, and one for the handing over itself. */
  #pending = 1;
  #failure: Error | undefined;
  #within = true;
  readonly #one = (error?: Error): void => this.#done(error);

  constructor(callback: WriteCallback) {
    this.#callback = callback;
  }

  /** One chunk more. Returns what to call once it left or failed. */
  add(): (error?: Error) => void {
    this.#pending++;
    return this.#one;
  }

  /** One of them failed: nothing behind it may be sent. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  fail(error: Error | undefined): void {
    this.#failure ??= error;
  }

  /** Every chunk was added and sent as far as the kernel takes it now. */
  complete(): void {
    this.#done(undefined);
    this.#within = false;
  }

  #done(error: Error | undefined): void {
    this.fail(error);
    if (--this.#pending > 0) return;
    // The Writable itself calls nobody back within its write(). Later it would at once, and what a user's callback throws
    // must not get in the way of other frames.
    if (this.#within) this.#callback(this.#failure);
    else nextTick(() => this.#callback(this.#failure));
  }
}
