import { markAsUntransferable } from 'node:worker_threads';
import { Chunk, keepsMuch, SMALL } from './chunk';
import { Fifo } from '../fifo';

const NOTHING = Buffer.alloc(0);
/** Memory is set apart for bytes to come once so many are there, and then for so many times as many at most. */
const LEAST_RESERVED_FOR = 64 * 1024;
const GROWTH = 8;

/**
 * Bytes in the order received, as the chunks they came in. They are copied only where a frame spans several chunks or a
 * small one has to stay for long.
 */
export class ByteQueue {
  readonly #chunks = new Fifo<Chunk>();
  /** Bytes of the front chunk that were taken: to cut them off each time would make a second view for each frame. */
  #taken = 0;
  #length = 0;
  /** Chunks at the back that {@link compact} has not seen. */
  #fresh = 0;
  /** Storage with room behind the chunk that {@link compact} made last. */
  #spare: Buffer | undefined;
  /** Storage with room behind the front chunk, made by {@link peek} when it had to join chunks. */
  #joined: Buffer | undefined;
  /** Memory of a long frame, which {@link reserve} set apart; its chunks lie in it one after the other. */
  #reserved: Buffer | undefined;

  get length(): number {
    return this.#length;
  }

  /** The chunk at the front, of which what was taken is no part any more: see {@link frontStart}. */
  get front(): Buffer {
    return this.#chunks.front?.bytes ?? NOTHING;
  }

  /** Where in {@link front} the bytes begin that nobody took. */
  get frontStart(): number {
    return this.#taken;
  }

  /** What is left of the chunk at the front. */
  get frontLength(): number {
    return this.front.length - this.#taken;
  }

  push(bytes: Buffer, joins: boolean): void {
    this.#chunks.push(new Chunk(bytes, joins));
    this.#length += bytes.length;
    this.#fresh++;
  }

  /**
   * A view of the bytes at the front: at least `need` of them (they must be there), and more where that costs nothing.
   * Chunks are joined by doubling, so that asking for ever more copies each byte a bounded number of times.
   */
  peek(need: number): Buffer {
    this.#cutTaken();
    let { front } = this;
    while (front.length < need) front = this.#lengthenFront(front, need);
    return front;
  }

  /** Takes the first `length` bytes (they must be there) out, without a copy where one chunk holds them all. */
  take(length: number): Buffer {
    const view = this.#viewOf(length);
    const bytes = view ?? Buffer.allocUnsafe(length);
    for (let at = 0; at < length;) {
      const part = Math.min(this.frontLength, length - at);
      if (part <= 0) throw new RangeError(`${length} bytes wanted, ${at} queued`);
      if (view === undefined) this.front.copy(bytes, at, this.#taken, this.#taken + part);
      this.#dropFromFront(part);
      at += part;
    }
    return bytes;
  }

  /**
   * Memory for bytes to come, so that the first `length` bytes lie in one piece: what is there is moved to its beginning.
   * It grows with what has come, so that a length that was only announced takes no memory: at most an eighth of the bytes
   * is copied, and then an eighth of that. Undefined while few bytes are there, or there is room in what was set apart.
   */
  reserve(length: number): Buffer | undefined {
    const have = this.#length;
    if (have < LEAST_RESERVED_FOR || this.#hasReservedRoom()) return undefined;
    let size = length;
    while (size > GROWTH * have) size = Math.ceil(size / GROWTH);
    const reserved = allocate(size);
    // The frame may still be put together, or fail, when it is complete.
    if (reserved === undefined) return undefined;
    this.#cutTaken();
    let at = 0;
    for (const { bytes, joins } of this.#chunks.clear()) {
      const end = at + bytes.copy(reserved, at);
      this.#chunks.push(new Chunk(reserved.subarray(at, end), joins));
      at = end;
    }
    this.#joined = undefined;
    this.#spare = undefined;
    this.#fresh = 0;
    this.#reserved = reserved;
    return reserved.subarray(at);
  }

  /**
   * Other frames than the one it is for may be cut from reserved memory, since reading changes hands. Whoever gets one of
   * them must not be able to transfer the memory away.
   */
  shareReserved(): void {
    if (this.#reserved !== undefined) markAsUntransferable(this.#reserved.buffer);
  }

  #hasReservedRoom(): boolean {
    const back = this.#chunks.back?.bytes ?? NOTHING;
    const end = endWithin(this.#reserved, back);
    return this.#reserved !== undefined && end >= 0 && end < this.#reserved.length;
  }

  /** A view of the first bytes, if they lie in one piece. */
  #viewOf(length: number): Buffer | undefined {
    const front = this.#chunks.front;
    const reserved = this.#reserved;
    if (reserved !== undefined && this.#reservedHolds(reserved, length)) {
      const start = this.front.byteOffset - reserved.byteOffset + this.#taken;
      return reserved.subarray(start, start + length);
    }
    if (front === undefined || front.bytes.length - this.#taken < length) return undefined;
    return front.view(this.#taken, length);
  }

  /** Whether the first bytes all lie in the memory that was set apart. */
  #reservedHolds(reserved: Buffer, length: number): boolean {
    let beyond = length + this.#taken;
    for (const { bytes } of this.#chunks) {
      if (!isIn(reserved, bytes)) return false;
      beyond -= bytes.length;
      if (beyond <= 0) return true;
    }
    return false;
  }

  /**
   * What is queued now, but for the `newest` chunks, has to stay: small ones are copied out of the memory they share with
   * others, which a peer that trickles single bytes could otherwise keep alive for each of them.
   */
  compact(newest = 0): void {
    const fresh = Math.min(this.#fresh, this.#chunks.length);
    this.#fresh = newest;
    if (fresh <= newest) return;
    this.#cutTaken();
    const chunks = this.#chunks.popLast(fresh);
    for (const [index, chunk] of chunks.entries()) {
      const small = index < fresh - newest && keepsMuch(chunk.bytes) && !isIn(this.#reserved, chunk.bytes);
      // Next to it may lie what keeps its memory in any case, as in a long frame, whose bytes are to be copied once.
      const moves = small && ![this.#chunks.back, chunks[index + 1]].some((each) => each?.keeps(chunk));
      this.#chunks.push(moves ? this.#moved(chunk) : chunk);
    }
  }

  /** A copy of a small chunk, together with the one before it where both lie in the same storage. */
  #moved({ bytes, joins }: Chunk): Chunk {
    if (isIn(this.#joined, bytes)) this.#joined = undefined;
    const last = this.#chunks.back;
    const end = last === undefined ? -1 : endWithin(this.#spare, last.bytes);
    if (last !== undefined && joins && this.#spare !== undefined && end >= 0) {
      if (end + bytes.length <= this.#spare.length) {
        this.#chunks.popLast(1);
        bytes.copy(this.#spare, end);
        return new Chunk(this.#spare.subarray(end - last.bytes.length, end + bytes.length), last.joins);
      }
      if (last.bytes.length < SMALL) {
        this.#chunks.popLast(1);
        return new Chunk(this.#store(last.bytes, bytes), last.joins);
      }
    }
    return new Chunk(this.#store(bytes), joins);
  }

  /** Puts chunks into new storage with room for as much again. */
  #store(...chunks: readonly Buffer[]): Buffer {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const storage = newStorage(2 * length);
    let at = 0;
    for (const chunk of chunks) at += chunk.copy(storage, at);
    this.#spare = storage;
    return storage.subarray(0, length);
  }

  #dropFromFront(length: number): void {
    const { front } = this;
    this.#length -= length;
    this.#taken += length;
    if (this.#taken < front.length) return;
    this.#taken = 0;
    this.#chunks.shift();
    if (isIn(this.#joined, front)) this.#joined = undefined;
    if (isIn(this.#spare, front)) this.#spare = undefined;
    if (isIn(this.#reserved, front) && !isIn(this.#reserved, this.front)) this.#reserved = undefined;
  }

  #cutTaken(): void {
    if (this.#taken === 0) return;
    this.#replaceFront(this.front.subarray(this.#taken));
    this.#taken = 0;
  }

  #replaceFront(bytes: Buffer): void {
    this.#chunks.replaceFront(new Chunk(bytes, this.#chunks.front?.joins ?? false));
  }

  #lengthenFront(front: Buffer, need: number): Buffer {
    this.#chunks.shift();
    const next = this.#chunks.front?.bytes;
    if (next === undefined) throw new RangeError(`${need} bytes wanted, ${front.length} queued`);
    const growth = Math.min(next.length, Math.max(need - front.length, front.length));

    let storage = this.#joined;
    let end = endWithin(storage, front);
    if (storage === undefined || end < 0 || end + growth > storage.length) {
      storage = newStorage(2 * (front.length + growth));
      end = front.copy(storage);
      this.#joined = storage;
    }
    next.copy(storage, end, 0, growth);
    const longer = storage.subarray(end - front.length, end + growth);

    if (growth === next.length) this.#replaceFront(longer);
    else {
      this.#replaceFront(next.subarray(growth));
      this.#chunks.unshift(new Chunk(longer, false));
    }
    return longer;
  }
}

/** Stays empty: what a queue has while there is nothing in it. */
export const NO_BYTES = new ByteQueue();

/** Where messages come one by one, each would otherwise make a queue for itself. */
let spare: ByteQueue | undefined;

/** An empty queue to push to. */
export function takeEmpty(): ByteQueue {
  const taken = spare ?? new ByteQueue();
  spare = undefined;
  return taken;
}

/** Takes back a queue that has become empty; returns what to have in its place. */
export function giveBack(empty: ByteQueue): ByteQueue {
  if (empty !== NO_BYTES) spare = empty;
  return NO_BYTES;
}

/** Frames are views of it. Whoever has one must not be able to transfer the bytes away that are still queued. */
function newStorage(length: number): Buffer {
  const storage = Buffer.allocUnsafeSlow(length);
  markAsUntransferable(storage.buffer);
  return storage;
}

/** Undefined where there is no memory. */
function allocate(length: number): Buffer | undefined {
  try {
    return Buffer.allocUnsafeSlow(length);
  } catch {
    return undefined;
  }
}

function isIn(storage: Buffer | undefined, view: Buffer): boolean {
  return storage !== undefined && storage.buffer === view.buffer;
}

/** Where a view of the storage ends within it; -1 when it is none. */
function endWithin(storage: Buffer | undefined, view: Buffer): number {
  return storage?.buffer === view.buffer ? view.byteOffset - storage.byteOffset + view.length : -1;
}
