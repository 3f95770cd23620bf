import type { ByteRange, OwnedFd } from '../../binding';
import type { FdFrame } from '../../stream';

/** What came with a message of http and was not taken yet, of which there is some. */
export class Untaken {
  readonly #fds: OwnedFd[];
  readonly #start: number;
  #end: number;

  /** Takes over the descriptors of a frame. */
  constructor({ fds, range }: FdFrame) {
    this.#fds = fds.splice(0);
    this.#start = range.start;
    this.#end = range.end;
  }

  /** As {@link constructor}, of what came behind it. */
  add({ fds, range }: FdFrame): void {
    this.#fds.push(...fds.splice(0));
    this.#end = range.end;
  }

  get count(): number {
    return this.#fds.length;
  }

  /** From the first byte that some came with to the last. */
  get range(): ByteRange {
    return { start: this.#start, end: this.#end };
  }

  /** For the caller to close. */
  take(): OwnedFd[] {
    return this.#fds.splice(0);
  }
}
