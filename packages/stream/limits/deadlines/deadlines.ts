import type { SocketBinding } from '../../../binding';
import { type Deadline, TICKS, type Watcher } from './deadline';

/** Calls back again and again, each time after so many milliseconds. Returns how to end that. */
export type Clock = (milliseconds: number, callback: () => void) => () => void;

interface Watch {
  readonly deadlines: Set<Deadline>;
  readonly stop: () => void;
}

/**
 * The deadlines of all sockets of an environment, those of one length together: each length has one timer, which runs while
 * there are any and ticks eight times in its time. At a tick each is asked what it is owed. So a wake-up that brings a part of
 * what is owed has nothing to set back, and costs nothing.
 *
 * Ticks are counted, not milliseconds: where the program itself was busy for a minute, that is one tick, after which what came
 * meanwhile is read first. A peer is not late because we are.
 */
export class Deadlines implements Watcher {
  readonly #clock: Clock;
  readonly #watches = new Map<number, Watch>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many lengths have a timer now. */
  get timers(): number {
    return this.#watches.size;
  }

  watch(deadline: Deadline): void {
    const { milliseconds } = deadline;
    let watch = this.#watches.get(milliseconds);
    if (watch === undefined) {
      const deadlines = new Set<Deadline>();
      watch = { deadlines, stop: this.#clock(milliseconds / TICKS, () => this.#tick(deadlines)) };
      this.#watches.set(milliseconds, watch);
    }
    watch.deadlines.add(deadline);
  }

  forget(deadline: Deadline): void {
    const { milliseconds } = deadline;
    const watch = this.#watches.get(milliseconds);
    if (watch?.deadlines.delete(deadline) !== true || watch.deadlines.size > 0) return;
    watch.stop();
    this.#watches.delete(milliseconds);
  }

  #tick(deadlines: ReadonlySet<Deadline>): void {
    // Those that are watched from now on had no tick yet.
    for (const deadline of [...deadlines]) deadline.tick();
  }
}

const ofBindings = new WeakMap<SocketBinding, Deadlines>();

/** Those of the sockets of a binding. */
export function deadlinesOf(binding: SocketBinding): Deadlines {
  let deadlines = ofBindings.get(binding);
  if (deadlines === undefined) {
    deadlines = new Deadlines((milliseconds, callback) => binding.every(milliseconds, callback));
    ofBindings.set(binding, deadlines);
  }
  return deadlines;
}
