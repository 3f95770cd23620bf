import { describeValue, invalidType } from '../../binding';
import { abortError, asError, onAbort } from '../abort';
import type { FdFrame } from '../frame';
import { type Consumer, type Demand, NO_DEMAND } from './consumer';
import type { FrameMeasure } from './frame-measure';
import { FrameReader } from './frame-reader';
import type { Inbox } from './inbox';

/** @throws TypeError for what is no callback, such as a codec, which comes after it */
export function requireFrameCallback(callback: unknown): void {
  if (typeof callback === 'function') return;
  const isCodec = typeof callback === 'object' && callback !== null && 'measure' in callback;
  const hint = isCodec ? ': it comes first, and then the codec' : '';
  throw invalidType(`handler is a function that takes a frame, not ${describeValue(callback)}${hint}`);
}

/** Called with each frame, whose descriptors it owns. Reading waits for a promise that it returns. */
export type FrameCallback = (frame: FdFrame) => void | Promise<void>;

/** Hands each frame to a callback as soon as it is complete: what `for await` does, without a promise for each frame. */
export class FrameHandler implements Consumer {
  readonly name: string;
  readonly rejects = true;
  readonly readsOn = true;
  readonly #inbox: Inbox;
  readonly #reader: FrameReader;
  readonly #callback: FrameCallback;
  readonly #signal: AbortSignal | undefined;
  #stopListening: (() => void) | undefined;
  /** Frames are being handed over, or the callback has returned a promise that is pending. */
  #busy = false;
  /** The callback runs, or has returned a promise that is pending: how it ends goes before how the socket ended. */
  #handling = false;
  #destroyed: { readonly error: Error | undefined } | undefined;
  /** Ends the run; with a rejection too, so that no second function is held by each of many idle sockets. */
  #resolve: ((outcome?: Promise<never>) => void) | undefined;

  /**
   * @param name what a user would call this way of reading
   * @throws TypeError for what is no codec
   */
  constructor(
    inbox: Inbox,
    codec: FrameMeasure,
    callback: FrameCallback,
    name: string,
    signal: AbortSignal | undefined,
  ) {
    this.#inbox = inbox;
    this.#reader = new FrameReader(inbox, codec);
    this.#callback = callback;
    this.name = name;
    this.#signal = signal;
  }

  /**
   * Resolves at the end of the stream. Rejects with what breaks the stream, with what the callback throws, or, when the
   * signal aborts, without waiting for the callback.
   */
  run(): Promise<void> {
    const { destroyed } = this.#inbox;
    if (destroyed !== undefined) {
      return destroyed.error === undefined ? Promise.resolve() : Promise.reject(destroyed.error);
    }
    const signal = this.#signal;
    if (signal?.aborted === true) return Promise.reject(abortError(signal));
    return new Promise((resolve) => {
      this.#inbox.claimFrames(this);
      this.#resolve = resolve;
      if (signal !== undefined) this.#stopListening = onAbort(signal, () => this.#leave(abortError(signal)));
      this.advance();
      this.#inbox.resumeReading();
    });
  }

  advance(): void {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#resolve !== undefined && this.#inbox.hasTurn()) {
      const frame = this.#take();
      if (frame === undefined) break;
      if (this.#handOver(frame)) return;
    }
    this.#busy = false;
  }

  demand(): Demand {
    return this.#resolve === undefined ? NO_DEMAND : this.#reader.demand(!this.#busy);
  }

  get awaitedAt(): number | undefined {
    return this.#resolve === undefined || this.#busy ? undefined : this.#reader.begunAt;
  }

  reserve(): Buffer | undefined {
    return this.#reader.reserve();
  }

  socketDestroyed(error: Error | undefined): void {
    if (this.#handling) this.#destroyed = { error };
    else this.#end(error);
  }

  /** Whether it waits for a frame. */
  protected get waits(): boolean {
    return this.#resolve !== undefined && !this.#busy;
  }

  /** Hands over a frame that was not taken from the queue, while it {@link waits}. */
  protected pass(frame: FdFrame): void {
    this.#inbox.frameTaken(frame);
    this.#busy = true;
    this.#busy = this.#handOver(frame);
  }

  #take(): FdFrame | undefined {
    const taken = this.#reader.nextFrame();
    if (taken !== 'end') return taken;
    this.#leave();
    this.#inbox.owner.endReached();
    return undefined;
  }

  /** Returns whether the callback goes on later. */
  #handOver(frame: FdFrame): boolean {
    this.#handling = true;
    try {
      const result: unknown = this.#callback(frame);
      if (isThenable(result)) {
        // Promises of Node are themselves; others may call back at once, or more than once.
        Promise.resolve(result).then(
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
    this.#inbox.resumeReading();
  }

  #handled(): void {
    this.#handling = false;
    if (this.#destroyed !== undefined) this.#end(this.#destroyed.error);
  }

  /** As a loop that is left: the socket stays open, and what was not taken stays for the next way of reading. */
  #leave(error?: Error): void {
    this.#handling = false;
    this.#inbox.release(this);
    this.#end(error);
  }

  #end(error: Error | undefined): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#reader.stop();
    this.#stopListening?.();
    this.#stopListening = undefined;
    resolve?.(error && Promise.reject(error));
  }
}

/** A callback written in plain JavaScript may return anything. */
function isThenable(result: unknown): result is PromiseLike<unknown> {
  return typeof (result as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
