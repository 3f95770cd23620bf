import { immediate, microtask } from '../../later';
import type { Pausable, UserQuota } from './user-quota';

/** So many connections of a user are set going in one turn of the event loop, so that what they take is seen before the next. */
const IN_ONE_TURN = 16;

/** Connections that are not read because their user holds too much: sets them going again once it holds less. */
export class Pauses {
  /** Those who have such. */
  readonly #users = new Set<UserQuota>();
  #scheduled = false;

  /** A connection is not read. */
  add(user: UserQuota, connection: Pausable): void {
    user.paused.add(connection);
    this.#users.add(user);
  }

  /** It is read, or closed. */
  delete(user: UserQuota, connection: Pausable): void {
    if (user.paused.delete(connection) && user.paused.size === 0) this.#users.delete(user);
  }

  /** Something is held no more, by whomever: that leaves more for all. */
  less(): void {
    // Not from within whatever let go.
    if (this.#users.size > 0) this.#lookBy(microtask);
  }

  /** One waits for its turn. */
  soon(): void {
    this.#lookBy(immediate);
  }

  #lookBy(later: (callback: () => void) => unknown): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    later(() => this.#look());
  }

  #look(): void {
    this.#scheduled = false;
    let more = false;
    for (const user of this.#users) more = this.#resume(user) || more;
    if (more) this.#lookBy(immediate);
  }

  /** Returns whether there are more that might go on. */
  #resume(user: UserQuota): boolean {
    let resumed = 0;
    for (const connection of user.paused) {
      if (!connection.mayResume) continue;
      if (resumed === IN_ONE_TURN) return true;
      resumed++;
      this.delete(user, connection);
      user.expected.add(connection);
      connection.resume();
    }
    return false;
  }
}
