/** What an answer takes until the peer has room for it. */
export interface AnswerSize {
  readonly bytes: number;
  readonly fds: number;
}

/** Where nothing more is started, and reading pauses if nothing of ours waits for the peer. */
const MANY: AnswerSize = { bytes: 4 * 1024 * 1024, fds: 256 };

/** Where reading pauses in any case. It is so much that two peers who both wait for each other do not come here. */
const MOST: AnswerSize = { bytes: 64 * 1024 * 1024, fds: 4096 };

/** What waits has a place in the queue, a promise and more, which is several times as much as a short answer (measured). */
const BESIDE_ITS_BYTES = 1024;

/** Answers that the peer does not read. */
export class Unsent {
  #bytes = 0;
  #fds = 0;

  add({ bytes, fds }: AnswerSize): void {
    this.#bytes += bytes + BESIDE_ITS_BYTES;
    this.#fds += fds;
  }

  remove({ bytes, fds }: AnswerSize): void {
    this.#bytes -= bytes + BESIDE_ITS_BYTES;
    this.#fds -= fds;
  }

  get areMany(): boolean {
    return this.#exceeds(MANY);
  }

  get areTooMany(): boolean {
    return this.#exceeds(MOST);
  }

  #exceeds({ bytes, fds }: AnswerSize): boolean {
    return this.#bytes > bytes || this.#fds > fds;
  }
}
