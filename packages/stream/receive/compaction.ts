import type { Fifo } from '../fifo';
import { Chunk, keepsMuch, SMALL } from './chunk';
import { allocate, endWithin, isIn, share } from './own-memory';
import { isRecent } from './recent-memory';
import type { ReservedMemory } from './reserved-memory';

/**
 * Where bytes that wait would keep much more memory than they are, which a peer could choose for each piece that it sends, they
 * are copied: but not out of memory that is kept anyway ({@link isRecent}), nor chunks beside others that rightly keep theirs.
 * Small chunks are put together, so that there are few.
 */
export class Compaction {
  readonly #chunks: Fifo<Chunk>;
  /** Chunks at the back of which some are not settled. */
  #unsettled = 0;
  /** Storage with room behind the chunk that was moved last. */
  #spare: Buffer | undefined;

  constructor(chunks: Fifo<Chunk>) {
    this.#chunks = chunks;
  }

  /** A chunk was pushed. */
  pushed(): void {
    this.#unsettled++;
  }

  /** Whether there is anything to {@link run} for. */
  due(newest: number): boolean {
    this.#unsettled = Math.min(this.#unsettled, this.#chunks.length);
    return this.#unsettled > newest;
  }

  /** All chunks but the `newest` have to stay. */
  run(newest: number, reserved: ReservedMemory | undefined): void {
    const chunks = this.#chunks.popLast(this.#unsettled);
    const old = chunks.length - newest;
    this.#unsettled = 0;
    let much = false;
    for (const [index, chunk] of chunks.entries()) {
      if (chunk.memory !== chunks[index - 1]?.memory) much = reserved?.has(chunk) !== true && keepMuch(chunks, index);
      if (index >= old || chunk.settled) this.#chunks.push(chunk);
      else if (reserved?.has(chunk) === true) this.#stayReserved(chunk, reserved);
      else this.#stay(chunk, chunks[index + 1], much);
      if (this.#unsettled > 0 || this.#chunks.back?.settled === false) this.#unsettled++;
    }
  }

  /** How many chunks at the back are in memory that is kept anyway. */
  get recent(): number {
    const { length } = this.#chunks;
    let count = 0;
    for (let chunk = this.#chunks.back; chunk !== undefined && isRecent(chunk.memory); count++) {
      chunk = this.#chunks.at(length - 2 - count);
    }
    return count;
  }

  /** All of a chunk was taken, or moved to elsewhere. */
  forget(chunk: Chunk): void {
    if (isIn(this.#spare, chunk)) this.#spare = undefined;
  }

  clear(): void {
    this.#spare = undefined;
    this.#unsettled = 0;
  }

  /** @param much whether those of its memory keep too much of it */
  #stay(chunk: Chunk, next: Chunk | undefined, much: boolean): void {
    const { back } = this.#chunks;
    const lone = back?.keeps(chunk) !== true && next?.keeps(chunk) !== true;
    const moved = much || (chunk.bytes.length < SMALL && lone) ? this.#moved(chunk) : undefined;
    chunk.settled = !isRecent(chunk.memory);
    this.#chunks.push(moved ?? chunk);
  }

  #stayReserved(chunk: Chunk, reserved: ReservedMemory): void {
    const { back } = this.#chunks;
    chunk.settled = true;
    const follows = back !== undefined && chunk.joins && reserved.has(back);
    if (follows) this.#chunks.popLast(1);
    this.#chunks.push(follows ? reserved.together(back, chunk) : chunk);
  }

  /** A copy, together with the chunk before it where both are small; undefined where there is no memory. */
  #moved({ bytes, joins }: Chunk): Chunk | undefined {
    const last = this.#chunks.back;
    const spare = this.#spare;
    const end = last === undefined || !joins ? -1 : endWithin(spare, last.bytes);
    if (last === undefined || spare === undefined || end < 0) return this.#stored(joins, bytes);
    const fits = end + bytes.length <= spare.length;
    if (!fits && last.bytes.length >= SMALL) return this.#stored(joins, bytes);
    const together = fits
      ? new Chunk(spare.subarray(end - last.bytes.length, end + bytes.copy(spare, end)), last.joins, true)
      : this.#stored(last.joins, last.bytes, bytes);
    if (together !== undefined) this.#chunks.popLast(1);
    return together;
  }

  /** Puts bytes into new storage, with room for as much again where they are few. */
  #stored(joins: boolean, ...parts: readonly Buffer[]): Chunk | undefined {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const storage = allocate(length + Math.min(length, SMALL));
    if (storage === undefined) return undefined;
    this.#spare = share(storage);
    let at = 0;
    for (const part of parts) at += part.copy(storage, at);
    return new Chunk(storage.subarray(0, length), joins, true);
  }
}

/** Whether a chunk and those behind it in the same memory keep much more than they are, and nothing else keeps it. */
function keepMuch(chunks: readonly Chunk[], start: number): boolean {
  const memory = chunks[start]?.memory;
  if (memory === undefined || isRecent(memory)) return false;
  let length = 0;
  for (let at = start; chunks[at]?.memory === memory; at++) length += chunks[at]?.bytes.length ?? 0;
  return keepsMuch(length, memory);
}

/**
 * How many settled chunks at the front keep much more of their memory than they are, since others of it were taken; 0 where
 * they do not, or it is so little that it is not worth the copy.
 */
export function leftOver(chunks: Fifo<Chunk>, taken: number): number {
  const { front } = chunks;
  if (front?.settled !== true || front.memory.byteLength <= SMALL) return 0;
  const { memory } = front;
  let length = -taken;
  let count = 0;
  for (let chunk: Chunk | undefined = front; chunk?.settled === true && chunk.memory === memory; count++) {
    length += chunk.bytes.length;
    if (!keepsMuch(length, memory)) return 0;
    chunk = chunks.at(count + 1);
  }
  return count;
}

/** Copies the first `count` chunks to memory of their own, if there is any. Returns whether it did. */
export function moveFirst(chunks: Fifo<Chunk>, count: number): boolean {
  let end = 0;
  for (let index = 0; index < count; index++) end += chunks.at(index)?.bytes.length ?? 0;
  const storage = allocate(end);
  if (storage === undefined) return false;
  share(storage);
  for (const { bytes, joins } of chunks.shiftFirst(count).reverse()) {
    const start = end - bytes.length;
    bytes.copy(storage, start);
    chunks.unshift(new Chunk(storage.subarray(start, end), joins, true));
    end = start;
  }
  return true;
}
