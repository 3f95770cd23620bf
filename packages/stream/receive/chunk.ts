import { BufferView } from '../../binding';

/**
 * Bytes that are fewer than this, or than such a part of the memory they were read into, are copied when they have to stay,
 * since they keep all of it.
 */
export const SMALL = 4096;
const SMALL_PART = 1 / 16;

/** Whether a view keeps much more memory than it has bytes. */
export function keepsMuch({ length, buffer }: Buffer): boolean {
  return length < Math.max(SMALL, SMALL_PART * buffer.byteLength);
}

/** Bytes as they came, of which views are returned. */
export class Chunk {
  readonly bytes: Buffer;
  /** Whether these bytes may be joined with those before them, as the kernel itself might have done. */
  readonly joins: boolean;
  /** The memory under {@link bytes}, and where in it they begin; looked up for the first view. */
  #memory: ArrayBufferLike | undefined;
  #offset = 0;

  constructor(bytes: Buffer, joins: boolean) {
    this.bytes = bytes;
    this.joins = joins;
  }

  /** Whether this keeps the memory of another chunk by itself, and rightly. */
  keeps({ bytes }: Chunk): boolean {
    return bytes.buffer === this.bytes.buffer && !keepsMuch(this.bytes);
  }

  /** The bytes from `start` on, so many. */
  view(start: number, length: number): Buffer {
    if (length === this.bytes.length) return this.bytes;
    if (this.#memory === undefined) {
      this.#memory = this.bytes.buffer;
      this.#offset = this.bytes.byteOffset;
    }
    return new BufferView(this.#memory, this.#offset + start, length);
  }
}
