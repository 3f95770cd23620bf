/** Which descriptor numbers were closed behind their owners' backs, and entered the ledger anew. */
export class LostNumbers {
  readonly #numberAt: (index: number) => number;
  /** How many had been lost when a number was lost last, itself included. */
  readonly #last = new Map<number, number>();
  #known = 0;

  /** @param numberAt the number that was lost as the index-th, from 0 */
  constructor(numberAt: (index: number) => number) {
    this.#numberAt = numberAt;
  }

  /** Whether a number is among those that were lost after the first `since`, of `count` in all. */
  isLost(fd: number, since: number, count: number): boolean {
    for (; this.#known < count; this.#known++) this.#last.set(this.#numberAt(this.#known), this.#known + 1);
    return (this.#last.get(fd) ?? 0) > since;
  }
}
