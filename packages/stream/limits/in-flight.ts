import type { SocketHandle } from '../../binding';
import type { FlightAccount } from './quota';

/**
 * Descriptors of a socket that were sent and perhaps not received yet. That is an upper estimate: the kernel tells of a stream only
 * how much of its send buffer is occupied, and nothing is when all was received (docs/kernel.md 32). It is asked only
 * where there may be too many.
 */
export class InFlight {
  readonly #handle: SocketHandle;
  readonly #most: number;
  readonly #account: FlightAccount | undefined;
  /** Those that were sent since it was known last that all were received. */
  #sent = 0;

  /**
   * @param most so many may be in flight
   * @param account where those of all connections of the peer's user are counted
   */
  constructor(handle: SocketHandle, most: number, account: FlightAccount | undefined) {
    this.#handle = handle;
    this.#most = most;
    this.#account = account;
    account?.refreshBy(() => this.#refresh());
  }

  /**
   * Whether so many may be sent now. What is more than ever may be goes when nothing else is in flight.
   * @param before how many are sent just before them
   */
  maySend(fds: number, before = 0): boolean {
    if (this.#fitsHere(fds, before) && this.#account?.mayHave(fds, before) !== false) return true;
    this.#refresh();
    if (!this.#fitsHere(fds, before)) return false;
    if (this.#account === undefined || this.#account.mayHave(fds, before)) return true;
    this.#account.lookAtAll();
    return this.#account.mayHave(fds, before);
  }

  /** The kernel accepted so many. */
  sent(fds: number): void {
    this.#sent += fds;
    this.#account?.count(fds);
  }

  /** The socket is closed. */
  close(): void {
    this.#forget();
    this.#account?.close();
  }

  #fitsHere(fds: number, before: number): boolean {
    const inFlight = this.#sent + before;
    return inFlight === 0 || inFlight + fds <= this.#most;
  }

  #refresh(): void {
    if (this.#sent > 0 && this.#handle.unsent() === 0) this.#forget();
  }

  #forget(): void {
    this.#account?.count(-this.#sent);
    this.#sent = 0;
  }
}
