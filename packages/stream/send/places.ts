import type { Outgoing } from './outgoing';

/** Memory of which only the length counts; made when something waits first. */
let nowhere: ArrayBuffer | undefined;
const LONGEST = 64 * 1024;
const NONE: readonly never[] = [];

/** The frames that a chunk stands for. */
interface Place {
  readonly frames: readonly Outgoing[];
  /** They are in the queue already, and wait there to be sent. */
  readonly queued: boolean;
}

/**
 * Frames that wait, as the Writable knows them: each holds a place in its buffer, chunks that are together as long as the
 * frame. So they count in `writableLength`, `'drain'` comes when they have left, and they keep their order among chunks.
 *
 * A place is not a view of the frame's bytes: those are borrowed, and a Writable that counted a chunk whose memory goes
 * away meanwhile could never finish.
 */
export class Places {
  #places: Map<Uint8Array, Place> | undefined;

  /**
   * The chunks to write. The first stands for the frames, and is found again by {@link take}; others only add length.
   * @param queued whether the frames are in the queue
   */
  reserve(frames: readonly Outgoing[], queued: boolean): [Buffer, ...Buffer[]] {
    let length = 0;
    for (const frame of frames) length += frame.length;
    const place = this.#chunk(Math.min(length, LONGEST), { frames, queued });
    const others: Buffer[] = [];
    for (let left = length - place.length; left > 0; left -= LONGEST) {
      others.push(this.#chunk(Math.min(left, LONGEST), { frames: NONE, queued }));
    }
    return [place, ...others];
  }

  /** What a chunk stands for, which is given up; undefined for any that was not made here. */
  take(chunk: Uint8Array): Place | undefined {
    const place = this.#places?.get(chunk);
    if (place !== undefined) this.#places?.delete(chunk);
    return place;
  }

  /** All that hold a place still. */
  get frames(): Outgoing[] {
    return [...(this.#places?.values() ?? NONE)].flatMap(({ frames }) => frames);
  }

  /** Gives all places up. */
  clear(): Outgoing[] {
    const { frames } = this;
    this.#places = undefined;
    return frames;
  }

  #chunk(length: number, place: Place): Buffer {
    nowhere ??= new ArrayBuffer(LONGEST);
    const chunk = Buffer.from(nowhere, 0, length);
    this.#places ??= new Map();
    this.#places.set(chunk, place);
    return chunk;
  }
}
