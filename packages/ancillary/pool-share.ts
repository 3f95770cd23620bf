/** Half of the threads that libuv has by default. */
const MOST_THREADS = 2;

/**
 * Threads of the pool that may wait for what others have, too: so many at a time, so that all else that needs the pool goes
 * on. Whoever comes later waits for its turn.
 */
export class PoolShare {
  #busy = 0;
  readonly #waiting = new Set<() => void>();

  /** Calls back, maybe at once, when there is a thread; {@link leave} ends that. */
  enter(begin: () => void): void {
    if (this.#busy === MOST_THREADS) {
      this.#waiting.add(begin);
      return;
    }
    this.#busy++;
    begin();
  }

  /** @returns whether it was still waiting, and will not be called back */
  withdraw(begin: () => void): boolean {
    return this.#waiting.delete(begin);
  }

  leave(): void {
    this.#busy--;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.enter(next);
  }
}

export const poolShare = new PoolShare();
