import type { LookAhead, SocketHandle } from '../../binding';

/** An allowance that is at least so much of the demand is not renewed, since that is a call for each wake-up. */
const SUFFICIENT = 3 / 4;

/** How much the kernel may be read from without asking again: what was granted, less what was read since. */
export class Allowance {
  readonly #handle: SocketHandle;
  #bytes = 0;
  #fds = 0;
  #look: LookAhead = 'nothing';

  constructor(handle: SocketHandle) {
    this.#handle = handle;
  }

  /** Whether nothing is read. */
  get isUsedUp(): boolean {
    return this.#bytes === 0 || this.#fds === 0;
  }

  /** Something was read. */
  spend(bytes: number, fds: number): void {
    this.#bytes -= bytes;
    this.#fds = Math.max(0, this.#fds - fds);
  }

  /** Grants so much, if what is left of the last one is not enough. Returns whether it did. */
  grant(bytes: number, fds: number, look: LookAhead): boolean {
    const looks = look === this.#look || bytes === 0;
    if (looks && suffices(this.#bytes, bytes) && suffices(this.#fds, fds)) return false;
    this.#handle.allowReading(bytes, fds, look);
    if (bytes > 0) this.#look = look;
    this.#bytes = bytes;
    this.#fds = fds;
    return true;
  }

  /** Takes back what is left. */
  withdraw(): void {
    this.#handle.allowReading(0, 0);
    this.#bytes = 0;
    this.#fds = 0;
  }
}

function suffices(allowed: number, demanded: number): boolean {
  return allowed <= demanded && allowed >= SUFFICIENT * demanded;
}
