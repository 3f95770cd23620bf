import type { Fifo } from '../fifo';
import { Chunk } from './chunk';
import { allocate, endWithin, isIn, share } from './own-memory';

/** Memory is set apart for bytes to come once so many are there, and then for so many times as many at most. */
const LEAST_RESERVED_FOR = 64 * 1024;
const GROWTH = 8;

/** Memory that was set apart for a long frame. Its bytes lie in it one after the other, in chunks. */
export class ReservedMemory {
  readonly #storage: Buffer;

  private constructor(storage: Buffer) {
    this.#storage = storage;
  }

  /** For a frame of which `have` bytes are there; undefined where these are few, or there is no memory. */
  static make(length: number, have: number): ReservedMemory | undefined {
    if (have < LEAST_RESERVED_FOR) return undefined;
    let size = length;
    while (size > GROWTH * have) size = Math.ceil(size / GROWTH);
    const storage = allocate(size);
    // The frame may still be put together, or fail, when it is complete.
    return storage === undefined ? undefined : new ReservedMemory(storage);
  }

  /** Moves all chunks to its beginning. Returns the room behind them. */
  takeIn(chunks: Fifo<Chunk>): Buffer {
    let at = 0;
    for (const { bytes, joins } of chunks.clear()) {
      const end = at + bytes.copy(this.#storage, at);
      chunks.push(new Chunk(this.#storage.subarray(at, end), joins, true));
      at = end;
    }
    return this.#storage.subarray(at);
  }

  /** Whether a chunk is in it. */
  has(chunk: Chunk | undefined): boolean {
    return isIn(this.#storage, chunk);
  }

  /** Whether bytes are still to come to it, behind the last chunk. */
  hasRoom(last: Chunk | undefined): boolean {
    const end = last === undefined ? -1 : endWithin(this.#storage, last.bytes);
    return end >= 0 && end < this.#storage.length;
  }

  /** A view of the first bytes behind those that were taken, if all of them lie in it. */
  view(chunks: Fifo<Chunk>, taken: number, length: number): Buffer | undefined {
    const { front } = chunks;
    let beyond = length + taken;
    for (const chunk of chunks) {
      if (!this.has(chunk)) return undefined;
      beyond -= chunk.bytes.length;
      if (beyond <= 0) break;
    }
    if (front === undefined || beyond > 0) return undefined;
    const start = front.bytes.byteOffset - this.#storage.byteOffset + taken;
    return this.#storage.subarray(start, start + length);
  }

  /** A chunk of it together with the one of it that it follows. */
  together(last: Chunk, { bytes }: Chunk): Chunk {
    const end = endWithin(this.#storage, last.bytes);
    return new Chunk(this.#storage.subarray(end - last.bytes.length, end + bytes.length), last.joins, true);
  }

  /** Other frames than the one it is for may be cut from it: whoever gets one must not be able to transfer it away. */
  share(): void {
    share(this.#storage);
  }
}
