/** Something that the other end owes us. */
export interface Owed {
  /**
   * What is waited for now: the same number as long as nothing of it has happened, another one after. Undefined where nothing
   * is owed, as when it is we who have paused.
   */
  readonly owed: number | undefined;
  /** It was owed for too long. */
  overdue(): void;
}

/** Where deadlines are watched: see Deadlines. */
export interface Watcher {
  watch(deadline: Deadline): void;
  forget(deadline: Deadline): void;
}

/**
 * So many ticks are a deadline, so that it is at most an eighth late. It is never early: of the first tick nobody knows how
 * much of it had passed.
 */
export const TICKS = 8;

/** How long something may be owed. It is watched only while it is, and nothing is counted where it changes. */
export class Deadline {
  readonly milliseconds: number;
  readonly #owed: Owed;
  readonly #watcher: Watcher;
  #watched = false;
  #last: number | undefined;
  #ticks = 0;

  constructor(milliseconds: number, owed: Owed, watcher: Watcher) {
    this.milliseconds = milliseconds;
    this.#owed = owed;
    this.#watcher = watcher;
  }

  /** Something may be owed from now on. */
  begin(): void {
    if (this.#watched) return;
    const { owed } = this.#owed;
    if (owed === undefined) return;
    this.#watched = true;
    // The next tick may come at once.
    this.#ticks = owed === this.#last ? Math.max(0, this.#ticks - 1) : 0;
    this.#last = owed;
    this.#watcher.watch(this);
  }

  /** For good. */
  stop(): void {
    if (!this.#watched) return;
    this.#watched = false;
    this.#watcher.forget(this);
  }

  /** An eighth of its time has passed. */
  tick(): void {
    const { owed } = this.#owed;
    if (owed === undefined) {
      // What was counted stays, in case the same is waited for again.
      this.stop();
      return;
    }
    this.#ticks = owed === this.#last ? this.#ticks + 1 : 1;
    this.#last = owed;
    if (this.#ticks <= TICKS) return;
    this.stop();
    this.#owed.overdue();
  }
}
