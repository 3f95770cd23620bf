/** What an empty queue has for an array; never written to. */
const NONE: never[] = [];

/** First in, first out, in constant time however long it grows. Empty, it holds neither items nor memory for them. */
export class Fifo<T> implements Iterable<T> {
  #items: T[] = NONE;
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get front(): T | undefined {
    return this.#items[this.#head];
  }

  get back(): T | undefined {
    return this.length === 0 ? undefined : this.#items[this.#items.length - 1];
  }

  /** The item `index` places behind the front. */
  at(index: number): T | undefined {
    return this.#items[this.#head + index];
  }

  /** The last `count` items, or all where there are fewer, in order. */
  last(count: number): T[] {
    return this.#items.slice(Math.max(this.#head, this.#items.length - count));
  }

  push(item: T): void {
    if (this.#items === NONE) this.#items = [item];
    else this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#forget(1);
    return item;
  }

  /** Removes the first `count` items (they must be there) and returns them in order. */
  shiftFirst(count: number): T[] {
    if (count === this.length) return this.clear();
    const first = this.#items.slice(this.#head, this.#head + count);
    this.#forget(count);
    return first;
  }

  replaceFront(item: T): void {
    if (this.length > 0) this.#items[this.#head] = item;
  }

  /** Puts an item before all others. */
  unshift(item: T): void {
    if (this.#items === NONE) this.#items = [item];
    else if (this.#head === 0) this.#items.unshift(item);
    else this.#items[--this.#head] = item;
  }

  /** Removes the last `count` items (they must be there) and returns them in order. */
  popLast(count: number): T[] {
    if (count === this.length) return this.clear();
    return this.#items.splice(this.#items.length - count, count);
  }

  /** Removes one item wherever it stands; for rare cases, since it looks through the queue. */
  remove(item: T): boolean {
    const index = this.#items.indexOf(item, this.#head);
    if (index === -1) return false;
    this.#items.splice(index, 1);
    if (this.length === 0) this.#drop();
    return true;
  }

  clear(): T[] {
    const left = this.#items.slice(this.#head);
    this.#drop();
    return left;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let index = this.#head; index < this.#items.length; index++) yield this.#items[index] as T;
  }

  /** What was shifted stays referenced until here, so the threshold bounds memory, and copying stays amortised. */
  #forget(count: number): void {
    this.#head += count;
    if (this.#head === this.#items.length) this.#drop();
    else if (this.#head >= 32 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  #drop(): void {
    this.#items = NONE;
    this.#head = 0;
  }
}
