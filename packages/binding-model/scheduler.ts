// Not the global one, which fake timers replace.
import { setImmediate } from 'node:timers';
import type { Random } from './random';

/** Something that waits for the kernel, and can say whether the kernel has it. */
export interface Watch {
  readonly ready: boolean;
  wake(): void;
}

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

interface Interval {
  due: number;
  readonly milliseconds: number;
  readonly callback: () => void;
}

/** How often time passes although somebody could be woken. */
const TIME_PASSES = 0.25;

/**
 * The event loop of a model: wakes one of those that are ready, chosen by the seed, in each turn of the real loop. Its
 * clock stands still but for its timers, so that nothing depends on how fast the machine is. It keeps the real loop
 * running exactly while it has something to do.
 */
export class Scheduler {
  readonly #random: Random;
  readonly #watches = new Set<Watch>();
  #timers: Timer[] = [];
  readonly #intervals = new Set<Interval>();
  #now = 0;
  #scheduled = false;
  #idle: (() => void)[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** The model's time, in milliseconds since it began. */
  get now(): number {
    return this.#now;
  }

  add(watch: Watch): void {
    this.#watches.add(watch);
  }

  remove(watch: Watch): void {
    this.#watches.delete(watch);
  }

  /** Calls back when so many milliseconds of the model's time have passed. Returns how to give that up. */
  after(milliseconds: number, callback: () => void): () => void {
    const timer = { due: this.#now + milliseconds, callback };
    this.#timers.push(timer);
    this.changed();
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /**
   * Calls back each time when so many milliseconds of the model's time have passed, which they do where nothing else can happen:
   * what is waited for so long does not come. Returns how to give that up.
   */
  every(milliseconds: number, callback: () => void): () => void {
    const interval = { due: this.#now + milliseconds, milliseconds, callback };
    this.#intervals.add(interval);
    this.changed();
    return () => void this.#intervals.delete(interval);
  }

  /** Resolves in the first turn in which there is nothing to do. */
  idle(): Promise<void> {
    this.changed();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The kernel's state has changed, or somebody waits for something new: have another look. */
  changed(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    const ready = [...this.#watches].filter((watch) => watch.ready);
    const timePasses = this.#timers.length > 0 && (ready.length === 0 || this.#random.chance(TIME_PASSES));
    const interval = ready.length === 0 ? this.#nextInterval() : undefined;
    if (ready.length === 0 && !timePasses && interval === undefined) {
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    // What is woken may throw, into uncaughtException; the others go on.
    this.changed();
    if (interval !== undefined && interval.due < this.#firstDue) this.#tick(interval);
    else if (timePasses) this.#passTime();
    else this.#random.pick(ready)?.wake();
  }

  /** When the next timer is due. */
  get #firstDue(): number {
    return this.#timers.reduce((first, { due }) => Math.min(first, due), Infinity);
  }

  #nextInterval(): Interval | undefined {
    const [next] = [...this.#intervals].sort((a, b) => a.due - b.due);
    return next;
  }

  #tick(interval: Interval): void {
    this.#now = Math.max(this.#now, interval.due);
    interval.due = this.#now + interval.milliseconds;
    interval.callback();
  }

  #passTime(): void {
    const [next] = this.#timers.sort((a, b) => a.due - b.due);
    if (next === undefined) return;
    this.#timers.shift();
    this.#now = Math.max(this.#now, next.due);
    next.callback();
  }
}
