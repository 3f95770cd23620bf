import { inWords, invalidType } from '../binding';
import type { FdFrame } from './frame';
import type { FrameMeasure } from './frame-measure';
import { FrameSource } from './frame-source';
import { type Consumer, type Demand, NO_DEMAND, type Receiver } from './receiver';
import { asError } from './rejection';

/** Called with each frame, whose descriptors it owns. Reading waits for a promise that it returns. */
export type FrameCallback = (frame: FdFrame) => void | Promise<void>;

/** Hands each frame to a callback as soon as it is complete: what `for await` does, without a promise for each frame. */
export class FrameHandler implements Consumer {
  readonly name = 'forEachFrame()';
  readonly #receiver: Receiver;
  readonly #source: FrameSource;
  readonly #callback: FrameCallback;
  /** Frames are being handed over, or the callback has returned a promise that is pending. */
  #busy = false;
  /** The callback runs, or has returned a promise that is pending: how it ends goes before how the socket ended. */
  #handling = false;
  #destroyed: { readonly error: Error | undefined } | undefined;
  /** Ends the run; with a rejection too, so that no second function is held by each of many idle sockets. */
  #settle: ((outcome?: Promise<never>) => void) | undefined;

  /** @throws TypeError for what is no callback, or no codec */
  constructor(receiver: Receiver, codec: FrameMeasure, callback: FrameCallback) {
    if (typeof callback !== 'function') throw invalidType(`forEachFrame() takes a function, not ${inWords(callback)}`);
    this.#receiver = receiver;
    this.#source = new FrameSource(receiver, codec);
    this.#callback = callback;
  }

  /** Resolves at the end of the stream. Rejects with what breaks the stream, or with what the callback throws. */
  run(): Promise<void> {
    const { closed } = this.#receiver;
    if (closed !== undefined) return closed.error === undefined ? Promise.resolve() : Promise.reject(closed.error);
    return new Promise((resolve) => {
      this.#receiver.claim(this);
      this.#settle = resolve;
      this.advance();
      this.#receiver.taken();
    });
  }

  advance(): void {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#settle !== undefined) {
      const frame = this.#take();
      if (frame === undefined) break;
      if (this.#handOver(frame)) return;
    }
    this.#busy = false;
  }

  demand(): Demand {
    return this.#settle === undefined ? NO_DEMAND : this.#source.demand(!this.#busy);
  }

  fail(error: Error | undefined): boolean {
    if (this.#settle === undefined) return false;
    if (this.#handling) this.#destroyed = { error };
    else this.#tell(error);
    return true;
  }

  #take(): FdFrame | undefined {
    const taken = this.#source.take();
    if (taken !== 'end') return taken;
    this.#leave();
    this.#receiver.host.ended();
    return undefined;
  }

  /** Returns whether the callback goes on later. */
  #handOver(frame: FdFrame): boolean {
    this.#handling = true;
    try {
      const result: unknown = this.#callback(frame);
      if (isThenable(result)) {
        result.then(
          () => this.#goOn(),
          (error: unknown) => this.#leave(asError(error)),
        );
        return true;
      }
      this.#handled();
    } catch (error) {
      this.#leave(asError(error));
    }
    return false;
  }

  #goOn(): void {
    this.#handled();
    this.#busy = false;
    this.advance();
    this.#receiver.taken();
  }

  #handled(): void {
    this.#handling = false;
    if (this.#destroyed !== undefined) this.#tell(this.#destroyed.error);
  }

  /** As a loop that is left: the socket stays open, and what was not taken stays for the next way of reading. */
  #leave(error?: Error): void {
    this.#handling = false;
    this.#receiver.release(this);
    this.#tell(error);
  }

  #tell(error: Error | undefined): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(error && Promise.reject(error));
  }
}

/** A callback written in plain JavaScript may return anything. */
function isThenable(result: unknown): result is PromiseLike<unknown> {
  return typeof (result as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
