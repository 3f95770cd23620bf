/** What accounts divide among themselves. */
export interface Divided {
  /** What may be taken. */
  readonly free: number;
  /** What anybody may take of that, whatever its share, once so many that are held are not. */
  spareWith(released: number): number;
  /** How many accounts right under it hold something. */
  holders: number;
  /** Counts so much more, or with a number below zero less, as held, here and above. */
  count(amount: number): void;
  /** All that there is. */
  readonly whole: Whole;
}

/** As long as so much of everything is free, shares do not count. */
const AT_EASE = 1 / 2;

/** All that there is of something. */
export class Whole implements Divided {
  total: number;
  held = 0;
  holders = 0;
  readonly #onLess: () => void;

  /** @param onLess called whenever less is held than before */
  constructor(total: number, onLess: () => void) {
    this.total = total;
    this.#onLess = onLess;
  }

  get free(): number {
    return this.total - this.held;
  }

  spareWith(released: number): number {
    return this.beyond(AT_EASE, released);
  }

  get whole(): this {
    return this;
  }

  count(amount: number): void {
    this.held += amount;
    if (amount < 0) this.#onLess();
  }

  /**
   * How much may be taken until only this part of everything is free; 0 where it is not.
   * @param released what is held, and counted as free
   */
  beyond(part: number, released = 0): number {
    return this.total === Infinity ? Infinity : Math.max(0, Math.floor(this.free + released - this.total * part));
  }
}

/**
 * What one holder has of something that is divided. Half of everything is for whoever comes. For the rest the rule is that of
 * dbus-broker: a holder may have a fixed share of what is free, its own included, and a smaller one the more others hold
 * something. So however many there are, and whatever each takes, there is something left for one who comes later; and nobody has
 * to know beforehand how many there will be.
 *
 * With shares of 1/s, n holders who each take all that they may leave at least s / (2n + 2s - 2) of it.
 */
export class Account implements Divided {
  held = 0;
  holders = 0;
  /** So much it may have in any case, while it is there. */
  least: number;
  readonly whole: Whole;
  readonly #above: Divided;
  readonly #share: number;

  /**
   * @param share the most that it may have of what is free while nobody else holds anything
   */
  constructor(above: Divided, share: number, least = 0) {
    this.#above = above;
    this.whole = above.whole;
    this.#share = share;
    this.least = least;
  }

  /** How much more it may take. */
  get free(): number {
    const { free } = this.#above;
    return Math.max(this.fair, Math.min(this.least - this.held, free), this.#above.spareWith(0));
  }

  /** How much it may have in all as long as others hold what they do. */
  get most(): number {
    const { held } = this;
    const free = this.#above.free + held;
    return Math.max(this.fair + held, Math.min(this.least, free), this.#above.spareWith(held));
  }

  /** How much more its share is; below zero where others have taken meanwhile what would be of it. */
  get fair(): number {
    const { held } = this;
    const { free, holders } = this.#above;
    const others = held > 0 ? holders - 1 : holders;
    return Math.floor((free + held) / (others + 1 / this.#share)) - held;
  }

  /** What is divided among those under it is its own already. */
  spareWith(): number {
    return 0;
  }

  /** Whether it may have so much more of what cannot be put off, which may be more than its share of what is under it. */
  mayHave(amount: number): boolean {
    return amount <= this.whole.spareWith(0) || amount <= this.free;
  }

  count(amount: number): void {
    if (amount === 0) return;
    const before = this.held;
    this.held += amount;
    if (before === 0) this.#above.holders++;
    else if (this.held === 0) this.#above.holders--;
    this.#above.count(amount);
  }
}
