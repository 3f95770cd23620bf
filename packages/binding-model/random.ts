/** Numbers that look random and are the same for the same seed (the generator is mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /**
   * A generator of its own, so that what others draw changes nothing for it.
   * @param seed any safe integer
   */
  static forked(seed: number, name: string): Random {
    // FNV-1a. Of a seed beyond 32 bits, such as the time of day, both halves count.
    let state = 0x811c9dc5;
    const ofName = Array.from(name, (character) => character.codePointAt(0) ?? 0);
    for (const number of [seed, Math.floor(seed / 2 ** 32), ...ofName]) {
      state = Math.imul(state ^ number, 0x01000193);
    }
    return new Random(state);
  }

  /** At least 0 and less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `low` up to and including `high`. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly [T, ...T[]] | readonly T[]): T | undefined {
    return choices[Math.floor(this.next() * choices.length)];
  }
}
