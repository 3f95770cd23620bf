import { Fifo } from '../fifo';
import { Chunk } from './chunk';
import { Compaction, leftOver, moveFirst } from './compaction';
import { endWithin, isIn, share } from './own-memory';
import { type MemoryHolder, waitsIn } from './recent-memory';
import { ReservedMemory } from './reserved-memory';

/**
 * Bytes in the order received, as the chunks they came in. They are copied only where a frame spans several chunks, and where
 * they have to stay and would keep much more memory than they are.
 */
export class ByteQueue implements MemoryHolder {
  readonly #chunks = new Fifo<Chunk>();
  /** Bytes of the front chunk that were taken: to cut them off each time would make a second view for each frame. */
  #taken = 0;
  #length = 0;
  readonly #compaction = new Compaction(this.#chunks);
  /** Storage with room behind the front chunk, made by {@link peek} when it had to join chunks. */
  #joined: Buffer | undefined;
  /** Memory of a long frame, which {@link reserve} set apart. */
  #reserved: ReservedMemory | undefined;

  get length(): number {
    return this.#length;
  }

  /** The chunk at the front, of which what was taken is no part any more: see {@link frontStart}. */
  get front(): Buffer {
    // A codec is shown it, and may keep or change it. One that is frozen would make every other slower to read.
    return this.#chunks.front?.bytes ?? Buffer.alloc(0);
  }

  /** Where in {@link front} the bytes begin that nobody took. */
  get frontStart(): number {
    return this.#taken;
  }

  /** What is left of the chunk at the front. */
  get frontLength(): number {
    return (this.#chunks.front?.bytes.length ?? 0) - this.#taken;
  }

  push(bytes: Buffer, joins: boolean): void {
    this.#chunks.push(new Chunk(bytes, joins));
    this.#length += bytes.length;
    this.#compaction.pushed();
  }

  /**
   * Puts bytes in front of all others, in memory of their own, since nobody knows where else they are held.
   * @param length of all of them @param ends where the chunks end that they become, the last one at `length`
   */
  unshift(bytes: readonly Buffer[], length: number, ends: readonly number[]): void {
    this.#cutTaken();
    const storage = share(Buffer.allocUnsafeSlow(length));
    let filled = 0;
    for (const each of bytes) filled += each.copy(storage, filled);
    for (const [index, end] of [...ends.entries()].reverse()) {
      this.#chunks.unshift(new Chunk(storage.subarray(ends[index - 1] ?? 0, end), false, true));
    }
    this.#length += length;
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

  /** A view of the first `length` bytes (they must be there), which stay. What has to be joined for it is joined once. */
  show(length: number): Buffer {
    return this.#viewOf(length) ?? this.peek(length).subarray(0, length);
  }

  /** Takes the first `length` bytes (they must be there) out, without a copy where one chunk holds them all. */
  take(length: number): Buffer {
    return this.#takeWithinFront(length) ?? this.#takeAny(length);
  }

  /** What most frames need: they lie in the chunk at the front, and do not end it. */
  #takeWithinFront(length: number): Buffer | undefined {
    const { front } = this.#chunks;
    if (front === undefined || this.#reserved !== undefined) return undefined;
    if (this.#taken + length >= front.bytes.length) return undefined;
    const bytes = front.view(this.#taken, length);
    this.#taken += length;
    this.#length -= length;
    if (front.settled) this.#letGo();
    return bytes;
  }

  #takeAny(length: number): Buffer {
    const view = this.#viewOf(length);
    const bytes = view ?? Buffer.allocUnsafe(length);
    for (let at = 0; at < length;) {
      const part = Math.min(this.frontLength, length - at);
      if (part <= 0) throw new RangeError(`${length} bytes wanted, ${at} queued`);
      if (view === undefined) this.front.copy(bytes, at, this.#taken, this.#taken + part);
      this.#dropFromFront(part);
      at += part;
    }
    if (this.#chunks.front?.settled === true) this.#letGo();
    return bytes;
  }

  /**
   * Memory for bytes to come, so that the first `length` bytes lie in one piece: what is there is moved to its beginning.
   * It grows with what has come, so that a length that was only announced takes no memory: at most an eighth of the bytes
   * is copied, and then an eighth of that. Undefined while few bytes are there, or there is room in what was set apart.
   */
  reserve(length: number): Buffer | undefined {
    if (this.#reserved?.hasRoom(this.#chunks.back) === true) return undefined;
    const reserved = ReservedMemory.make(length, this.#length);
    if (reserved === undefined) return undefined;
    this.#cutTaken();
    this.#joined = undefined;
    this.#compaction.clear();
    this.#reserved = reserved;
    return reserved.takeIn(this.#chunks);
  }

  /** Other frames than the one it is for may be cut from reserved memory, since reading changes hands. */
  shareReserved(): void {
    this.#reserved?.share();
  }

  /** A view of the first bytes, if they lie in one piece. */
  #viewOf(length: number): Buffer | undefined {
    if (this.#reserved !== undefined) {
      const reserved = this.#reserved.view(this.#chunks, this.#taken, length);
      if (reserved !== undefined) return reserved;
    }
    const front = this.#chunks.front;
    if (front === undefined || front.bytes.length - this.#taken < length) return undefined;
    return front.view(this.#taken, length);
  }

  /** What is queued now, but for the `newest` chunks, has to stay: see {@link Compaction}. */
  compact(newest = 0): void {
    if (!this.#compaction.due(newest)) return;
    this.#cutTaken();
    this.#compaction.run(newest, this.#reserved);
    if (!isIn(this.#joined, this.#chunks.front)) this.#joined = undefined;
  }

  /** {@link MemoryHolder.settle} */
  settle(): void {
    this.compact(this.#compaction.recent);
  }

  /** What is queued waits for its taker: it may stay where it is while its memory is kept anyway. */
  waits(): void {
    const { back } = this.#chunks;
    if (back?.settled === false && this.#reserved?.has(back) !== true) waitsIn(back.memory, this);
  }

  /** Drops all bytes. */
  clear(): void {
    this.#chunks.clear();
    this.#taken = 0;
    this.#length = 0;
    this.#compaction.clear();
    this.#joined = undefined;
    this.#reserved = undefined;
  }

  /** What is left of memory of which something was taken must not keep all of it. */
  #letGo(): void {
    const count = leftOver(this.#chunks, this.#taken);
    if (count === 0) return;
    const { front, back } = this.#chunks;
    // What is still to be filled is kept by whoever fills it.
    if (front === undefined || (this.#reserved?.has(front) === true && this.#reserved.hasRoom(back))) return;
    this.#cutTaken();
    if (moveFirst(this.#chunks, count)) this.#forget(front);
  }

  #dropFromFront(length: number): void {
    this.#length -= length;
    this.#taken += length;
    if (this.#taken < this.front.length) return;
    this.#taken = 0;
    const front = this.#chunks.shift();
    if (front !== undefined) this.#forget(front);
  }

  /** The chunk that was at the front is there no more. */
  #forget(front: Chunk): void {
    this.#compaction.forget(front);
    if (isIn(this.#joined, front)) this.#joined = undefined;
    if (this.#reserved?.has(this.#chunks.front) === false) this.#reserved = undefined;
  }

  #cutTaken(): void {
    if (this.#taken === 0) return;
    this.#replaceFront(this.front.subarray(this.#taken));
    this.#taken = 0;
  }

  #replaceFront(bytes: Buffer, settled = this.#chunks.front?.settled): void {
    this.#chunks.replaceFront(new Chunk(bytes, this.#chunks.front?.joins ?? false, settled));
  }

  #lengthenFront(front: Buffer, need: number): Buffer {
    this.#chunks.shift();
    const next = this.#chunks.front?.bytes;
    if (next === undefined) throw new RangeError(`${need} bytes wanted, ${front.length} queued`);
    const growth = Math.min(next.length, Math.max(need - front.length, front.length));

    let storage = this.#joined;
    let end = endWithin(storage, front);
    if (storage === undefined || end < 0 || end + growth > storage.length) {
      storage = share(Buffer.allocUnsafeSlow(2 * (front.length + growth)));
      end = front.copy(storage);
      this.#joined = storage;
    }
    next.copy(storage, end, 0, growth);
    const longer = storage.subarray(end - front.length, end + growth);

    if (growth === next.length) this.#replaceFront(longer, true);
    else {
      this.#replaceFront(next.subarray(growth));
      this.#letGo();
      this.#chunks.unshift(new Chunk(longer, false, true));
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
