import { Writable } from 'node:stream';
import type { HandedOver } from './handed-over';
import { lossOf } from './lost-bytes';
import { Outgoing } from './outgoing';
import { Places } from './places';

/**
 * The buffer of the Writable that all is sent through. What has to wait holds a place in it: so all counts as written chunks
 * do, and keeps its order among them.
 */
export class WritableBuffer {
  readonly #writable: Writable;
  readonly #places = new Places();
  /** Of what the Writable counts, the bytes that are in the queue. */
  #queuedBytes = 0;

  constructor(writable: Writable) {
    this.#writable = writable;
  }

  /** Of what the Writable counts, the bytes that are in the queue. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Whether nothing is in it but what is in the queue. */
  get isQueued(): boolean {
    return countedLength(this.#writable) === this.#queuedBytes;
  }

  /** All that hold a place still. */
  get frames(): Outgoing[] {
    return this.#places.frames;
  }

  /** Has a frame wait for its turn; where there is no turn to wait for, it is handed over now. Returns what `write()` does. */
  park(frame: Outgoing, callback?: (error?: Error | null) => void): boolean {
    frame.parked = true;
    const [place, ...others] = this.#places.reserve([frame], false);
    let more = this.#writable.write(place, (error) => {
      if (error) {
        this.#places.take(place);
        frame.settle(error);
      }
      callback?.(error);
    });
    for (const other of others) more = this.#writeMore(other) && more;
    return more;
  }

  /** Has frames that are in the queue already count. Returns false after end(), when the Writable takes nothing more. */
  hold(frames: readonly Outgoing[]): boolean {
    if (!this.#writable.writable) return false;
    for (const frame of frames) frame.onSettled = nothing;
    for (const place of this.#places.reserve(frames, true)) {
      this.#queuedBytes += place.length;
      this.#writeMore(place);
    }
    return true;
  }

  /** Takes over a chunk that the Writable hands over. Returns the frames that are to be queued for it. */
  handOver(chunk: Buffer, handedOver: HandedOver): readonly Outgoing[] {
    const place = this.#places.take(chunk);
    if (place?.queued !== true) this.#queuedBytes += chunk.length;
    if (place !== undefined) return leavePlace(place.frames, handedOver);
    if (chunk.length > 0) return [Outgoing.chunk(chunk, handedOver.add())];
    handedOver.fail(lossOf(chunk));
    return [];
  }

  /** So many bytes of what was handed over have left. */
  leave(bytes: number): void {
    this.#queuedBytes -= bytes;
  }

  /** Gives all places up. */
  clear(): Outgoing[] {
    return this.#places.clear();
  }

  #writeMore(place: Buffer): boolean {
    return this.#writable.writable && this.#writable.write(place);
  }
}

/** Frames whose place has come: those that are to be queued now. */
function leavePlace(placed: readonly Outgoing[], handedOver: HandedOver): Outgoing[] {
  const unsettled = placed.filter(({ settled }) => !settled);
  for (const frame of unsettled) frame.onSettled = handedOver.add();
  const parked = unsettled.filter((frame) => frame.parked);
  for (const frame of parked) {
    frame.parked = false;
    if (frame.bytes.length === 0) frame.settle(lossOf(frame.bytes));
  }
  return parked.filter(({ settled }) => !settled);
}

const nothing = (): void => undefined;

const property = Object.getOwnPropertyDescriptor(Writable.prototype, 'writableLength') ?? {};

/** What a Writable counts itself. An FdSocket adds {@link Outbox.uncountedBytes}. */
export const countedLength = Function.prototype.call.bind(Reflect.get(property, 'get') as () => unknown) as (
  writable: Writable,
) => number;
