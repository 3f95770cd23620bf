import { BufferView } from '../../binding';

/** Bytes that are fewer than this are put together where they have to stay, so that there are few pieces. */
export const SMALL = 4096;
/** Bytes that wait keep at most so many times as much memory. */
const MOST = 3;

/** Whether so many bytes keep more memory than they may. */
export function keepsMuch(length: number, memory: ArrayBufferLike): boolean {
  return MOST * length < memory.byteLength;
}

/** Bytes as they came, of which views are returned. */
export class Chunk {
  readonly bytes: Buffer;
  /** Whether these bytes may be joined with those before them, as the kernel itself might have done. */
  readonly joins: boolean;
  /** Whether it is known to be rightly where it is, as long as nothing of its memory is taken. */
  settled: boolean;
  /** The memory under {@link bytes}, and where in it they begin; looked up when it is needed first. */
  #memory: ArrayBufferLike | undefined;
  #offset = 0;

  constructor(bytes: Buffer, joins: boolean, settled = false) {
    this.bytes = bytes;
    this.joins = joins;
    this.settled = settled;
  }

  get memory(): ArrayBufferLike {
    if (this.#memory === undefined) {
      this.#memory = this.bytes.buffer;
      this.#offset = this.bytes.byteOffset;
    }
    return this.#memory;
  }

  /** Whether another one of the same memory may as well stay beside this one. */
  keeps(other: Chunk): boolean {
    return this.bytes.length >= SMALL && this.memory === other.memory;
  }

  /** The bytes from `start` on, so many. */
  view(start: number, length: number): Buffer {
    if (length === this.bytes.length) return this.bytes;
    // Said here once more, since this is called for each frame.
    if (this.#memory === undefined) {
      this.#memory = this.bytes.buffer;
      this.#offset = this.bytes.byteOffset;
    }
    return new BufferView(this.#memory, this.#offset + start, length);
  }
}
