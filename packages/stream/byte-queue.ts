import { Fifo } from './fifo';

interface Chunk {
  readonly bytes: Buffer;
  /** Whether these bytes may be joined with those before them, as the kernel itself might have done. */
  readonly joins: boolean;
}

/** Smaller chunks than this are copied when they have to stay, since each keeps the memory it was read into. */
const SMALL = 4096;

/**
 * Bytes in the order received, as the chunks they came in. They are copied only where a frame spans several chunks or a
 * small one has to stay for long.
 */
export class ByteQueue {
  readonly #chunks = new Fifo<Chunk>();
  #length = 0;
  /** Chunks at the back that {@link settle} has not seen. */
  #fresh = 0;
  /** Storage with room behind the chunk that {@link settle} made last. */
  #spare: Buffer | undefined;
  /** Storage with room behind the front chunk, made by {@link peek} when it had to join chunks. */
  #joined: Buffer | undefined;

  get length(): number {
    return this.#length;
  }

  /** What is left of the chunk at the front. */
  get frontLength(): number {
    return this.#chunks.front?.bytes.length ?? 0;
  }

  push(bytes: Buffer, joins: boolean): void {
    this.#chunks.push({ bytes, joins });
    this.#length += bytes.length;
    this.#fresh++;
  }

  /**
   * A view of the bytes at the front: at least `need` of them (they must be there), and more where that costs nothing.
   * Chunks are joined by doubling, so that asking for ever more copies each byte a bounded number of times.
   */
  peek(need: number): Buffer {
    let front = this.#chunks.front?.bytes ?? Buffer.alloc(0);
    while (front.length < need) front = this.#lengthenFront(front, need);
    return front;
  }

  /** Takes the first `length` bytes (they must be there) out, without a copy where one chunk holds them all. */
  take(length: number): Buffer {
    const front = this.#chunks.front?.bytes;
    if (front !== undefined && front.length >= length) {
      this.#dropFromFront(front, length);
      return front.length === length ? front : front.subarray(0, length);
    }
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length;) {
      const chunk = this.#chunks.front?.bytes;
      if (chunk === undefined) throw new RangeError(`${length} bytes wanted, ${at} queued`);
      const part = Math.min(chunk.length, length - at);
      chunk.copy(bytes, at, 0, part);
      this.#dropFromFront(chunk, part);
      at += part;
    }
    return bytes;
  }

  /**
   * What is queued now has to stay: small chunks are copied out of the memory they share with others, which a peer that
   * trickles single bytes could otherwise keep alive for each of them.
   */
  settle(): void {
    const fresh = this.#chunks.popLast(Math.min(this.#fresh, this.#chunks.length));
    this.#fresh = 0;
    for (const chunk of fresh) this.#chunks.push(chunk.bytes.length < SMALL ? this.#moved(chunk) : chunk);
  }

  clear(): void {
    this.#chunks.clear();
    this.#length = 0;
    this.#fresh = 0;
    this.#spare = undefined;
    this.#joined = undefined;
  }

  /** A copy of a small chunk, together with the one before it where both lie in the same storage. */
  #moved({ bytes, joins }: Chunk): Chunk {
    const last = this.#chunks.back;
    const end = last === undefined ? -1 : endWithin(this.#spare, last.bytes);
    if (last !== undefined && joins && this.#spare !== undefined && end >= 0) {
      if (end + bytes.length <= this.#spare.length) {
        this.#chunks.popLast(1);
        bytes.copy(this.#spare, end);
        return { bytes: this.#spare.subarray(end - last.bytes.length, end + bytes.length), joins: last.joins };
      }
      if (last.bytes.length < SMALL) {
        this.#chunks.popLast(1);
        return { bytes: this.#store(last.bytes, bytes), joins: last.joins };
      }
    }
    return { bytes: this.#store(bytes), joins };
  }

  /** Puts chunks into new storage with room for as much again. */
  #store(...chunks: readonly Buffer[]): Buffer {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const storage = Buffer.allocUnsafeSlow(2 * length);
    let at = 0;
    for (const chunk of chunks) at += chunk.copy(storage, at);
    this.#spare = storage;
    return storage.subarray(0, length);
  }

  #dropFromFront(front: Buffer, length: number): void {
    this.#length -= length;
    if (front.length > length) {
      this.#replaceFront(front.subarray(length));
      return;
    }
    this.#chunks.shift();
    if (isIn(this.#joined, front)) this.#joined = undefined;
    if (isIn(this.#spare, front)) this.#spare = undefined;
  }

  #replaceFront(bytes: Buffer): void {
    this.#chunks.replaceFront({ bytes, joins: this.#chunks.front?.joins ?? false });
  }

  #lengthenFront(front: Buffer, need: number): Buffer {
    this.#chunks.shift();
    const next = this.#chunks.front?.bytes;
    if (next === undefined) throw new RangeError(`${need} bytes wanted, ${front.length} queued`);
    const growth = Math.min(next.length, Math.max(need - front.length, front.length));

    let storage = this.#joined;
    let end = endWithin(storage, front);
    if (storage === undefined || end < 0 || end + growth > storage.length) {
      storage = Buffer.allocUnsafeSlow(2 * (front.length + growth));
      end = front.copy(storage);
      this.#joined = storage;
    }
    next.copy(storage, end, 0, growth);
    const longer = storage.subarray(end - front.length, end + growth);

    if (growth === next.length) this.#replaceFront(longer);
    else {
      this.#replaceFront(next.subarray(growth));
      this.#chunks.unshift({ bytes: longer, joins: false });
    }
    return longer;
  }
}

function isIn(storage: Buffer | undefined, view: Buffer): boolean {
  return storage !== undefined && storage.buffer === view.buffer;
}

/** Where a view of the storage ends within it; -1 when it is none. */
function endWithin(storage: Buffer | undefined, view: Buffer): number {
  return storage?.buffer === view.buffer ? view.byteOffset - storage.byteOffset + view.length : -1;
}
