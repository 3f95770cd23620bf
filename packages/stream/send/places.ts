import type { Outgoing } from './outgoing';

/** Memory of which only the length counts; made when something waits first. */
let nowhere: ArrayBuffer | undefined;
const LONGEST = 64 * 1024;
const NONE: readonly never[] = [];

/**
 * Frames that wait, as the Writable knows them: each holds a place in its buffer, chunks that are together as long as the
 * frame. So they count in `writableLength`, `'drain'` comes when they have left, and they keep their order among chunks.
 *
 * A place is not a view of the frame's bytes: those are borrowed, and a Writable that counted a chunk whose memory goes
 * away meanwhile could never finish.
 */
export class Places {
  #frames: Map<Uint8Array, readonly Outgoing[]> | undefined;

  /** The chunks to write. The first stands for the frames, and is found again by {@link take}; others only add length. */
  reserve(...frames: readonly Outgoing[]): [Buffer, ...Buffer[]] {
    let length = 0;
    for (const { bytes } of frames) length += bytes.length;
    const place = this.#chunk(Math.min(length, LONGEST), frames);
    const others: Buffer[] = [];
    for (let left = length - place.length; left > 0; left -= LONGEST) {
      others.push(this.#chunk(Math.min(left, LONGEST), NONE));
    }
    return [place, ...others];
  }

  /** The frames of a chunk, which is given up; undefined for any that was not made here. */
  take(chunk: Uint8Array): readonly Outgoing[] | undefined {
    const frames = this.#frames?.get(chunk);
    if (frames !== undefined) this.#frames?.delete(chunk);
    return frames;
  }

  /** All that hold a place still. */
  get frames(): Outgoing[] {
    return [...(this.#frames?.values() ?? NONE)].flat();
  }

  /** Gives all places up. */
  clear(): Outgoing[] {
    const { frames } = this;
    this.#frames = undefined;
    return frames;
  }

  #chunk(length: number, frames: readonly Outgoing[]): Buffer {
    nowhere ??= new ArrayBuffer(LONGEST);
    const chunk = Buffer.from(nowhere, 0, length);
    this.#frames ??= new Map();
    this.#frames.set(chunk, frames);
    return chunk;
  }
}
