const SHORTEST_MS = 1;
const LONGEST_MS = 100;

/** How long to wait for what no event tells of, in milliseconds: from 1 to 100, each time twice as long. */
export class GrowingPause {
  #next = SHORTEST_MS;

  next(): number {
    const pause = this.#next;
    this.#next = Math.min(2 * pause, LONGEST_MS);
    return pause;
  }

  /** Begins again with the shortest. */
  restart(): void {
    this.#next = SHORTEST_MS;
  }
}
