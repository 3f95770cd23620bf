/** What a frame takes of a {@link Window}. */
export interface Cost {
  readonly fds: number;
  readonly bytes: number;
}

/** Beside the descriptors: a message may be long, and many have none. */
const MOST_BYTES = 1024 * 1024;

/** How much may be on its way, or wait, at the same time. Both ends count alike. */
export class Window {
  readonly #fds: number;
  #frames = 0;
  #usedFds = 0;
  #usedBytes = 0;

  constructor(fds: number) {
    this.#fds = fds;
  }

  /** One alone always fits, however large it is. */
  fits({ fds, bytes }: Cost): boolean {
    if (this.#frames === 0) return true;
    return this.#usedFds + creditsOf(fds) <= this.#fds && this.#usedBytes + bytes <= MOST_BYTES;
  }

  add({ fds, bytes }: Cost): void {
    this.#frames++;
    this.#usedFds += creditsOf(fds);
    this.#usedBytes += bytes;
  }

  remove({ fds, bytes }: Cost): void {
    this.#frames--;
    this.#usedFds -= creditsOf(fds);
    this.#usedBytes -= bytes;
  }
}

/** A frame without descriptors has to be remembered, too. */
function creditsOf(fds: number): number {
  return Math.max(1, fds);
}
