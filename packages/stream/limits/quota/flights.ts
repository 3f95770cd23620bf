import { Account } from './account';
import type { UserQuota } from './user-quota';

/** Of what its user may have in flight, a connection alone may have half; and one in any case, as long as its user may. */
const SHARE = 1 / 2;
const LEAST = 1;
/** How long to look at so many connections takes, as against waiting for what one looks for: a look costs a system call. */
const LOOKS_PER_MS = 20;
const SHORTEST_MS = 5;

/** The connections that have descriptors in flight, each of which knows only when asked how many it has had received. */
export class Flights {
  readonly #all = new Set<FlightAccount>();
  #nextLook = 0;

  add(account: FlightAccount): void {
    this.#all.add(account);
  }

  delete(account: FlightAccount): void {
    this.#all.delete(account);
  }

  /** Has all connections find out what was received, unless that was done a moment ago. */
  look(): void {
    const now = performance.now();
    if (now < this.#nextLook) return;
    this.#nextLook = now + Math.max(SHORTEST_MS, this.#all.size / LOOKS_PER_MS);
    for (const account of this.#all) account.refresh();
  }
}

/** What one connection has in flight. */
export class FlightAccount {
  readonly #account: Account;
  readonly #user: Account;
  readonly #flights: Flights;
  #refresh: (() => void) | undefined;

  constructor({ inFlightFds }: UserQuota, flights: Flights) {
    this.#user = inFlightFds;
    this.#account = new Account(inFlightFds, SHARE, LEAST);
    this.#flights = flights;
  }

  /** Calls back when it should be found out what was received. */
  refreshBy(callback: () => void): void {
    this.#refresh = callback;
  }

  refresh(): void {
    this.#refresh?.();
  }

  count(fds: number): void {
    this.#account.count(fds);
    if (this.#account.held > 0) this.#flights.add(this);
    else this.#flights.delete(this);
  }

  /**
   * Whether so many more may be sent: also more than the share, where the user has nothing else in flight.
   * @param before how many are sent just before them
   */
  mayHave(fds: number, before: number): boolean {
    const { whole } = this.#account;
    if (this.#account.mayHave(before + fds)) return true;
    if (before > 0 || this.#user.held > 0) return false;
    return whole.held === 0 || fds <= whole.free;
  }

  /** Has this connection and all others find out what was received. */
  lookAtAll(): void {
    this.#flights.look();
  }

  close(): void {
    this.#refresh = undefined;
    this.#flights.delete(this);
  }
}
