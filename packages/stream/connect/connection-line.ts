import { Fifo } from '../fifo';
import type { FdSocket } from '../socket/fd-socket';

type Result = IteratorResult<FdSocket, undefined>;

interface Waiter {
  /** Whose next() it is. */
  readonly iterator: AsyncIterator<FdSocket>;
  resolve(result: Result): void;
  reject(error: Error): void;
}

const DONE: Result = { done: true, value: undefined };

/** Connections that nobody took yet, and loops that wait for one, each in order. */
export class ConnectionLine {
  readonly #waiters = new Fifo<Waiter>();
  readonly #connections = new Fifo<FdSocket>();
  readonly #changed: () => void;
  #failure: Error | undefined;
  #ended = false;

  /** @param changed called when somebody waits, or waits no more */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Whether a loop waits. */
  get awaited(): boolean {
    return this.#waiters.length > 0;
  }

  /** A loop over the connections. */
  iterate(): AsyncIterableIterator<FdSocket> {
    let finished = false;
    const iterator: AsyncIterableIterator<FdSocket> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => (finished ? Promise.resolve(DONE) : this.#next(iterator)),
      return: () => {
        finished = true;
        for (const waiter of [...this.#waiters].filter((each) => each.iterator === iterator)) {
          this.#waiters.remove(waiter);
          waiter.resolve(DONE);
        }
        this.#changed();
        return Promise.resolve(DONE);
      },
    };
    return iterator;
  }

  push(connection: FdSocket): void {
    this.#connections.push(connection);
  }

  /** The first connection, for somebody who does not wait here. */
  shift(): FdSocket | undefined {
    return this.#connections.shift();
  }

  /** Gives connections to the loops that wait. */
  settle(): void {
    while (this.awaited) {
      const connection = this.#connections.shift();
      if (connection === undefined) return;
      this.#waiters.shift()?.resolve({ done: false, value: connection });
    }
  }

  /** Tells the first loop that waits, or else the next that comes. */
  fail(error: Error): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#failure = error;
    else waiter.reject(error);
  }

  /** Ends the loops, and destroys connections that nobody took. */
  end(): void {
    this.#ended = true;
    for (const connection of this.#connections.clear()) connection.destroy();
    for (const waiter of this.#waiters.clear()) waiter.resolve(DONE);
  }

  #next(iterator: AsyncIterator<FdSocket>): Promise<Result> {
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      return Promise.reject(failure);
    }
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ iterator, resolve, reject });
      this.#changed();
    });
  }
}
