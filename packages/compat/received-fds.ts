import { OwnedFd } from '../binding';
import type { FdFrame } from '../stream';

/** At so many that wait, reading pauses: the default of `maxQueuedFds`. */
const MOST = 1024;

interface Bundle {
  readonly fds: OwnedFd[];
  /** The byte that they surely belong to: the last of what one recvmsg returned (docs/kernel.md 3). */
  readonly anchor: number;
}

/** Descriptors that came and were not asked for yet, in the order of arrival. */
export class ReceivedFds {
  readonly #bundles: Bundle[] = [];
  #count = 0;

  /** Whether so many wait that reading should. */
  get full(): boolean {
    return this.#count >= MOST;
  }

  /** Takes over the descriptors of a frame. */
  add({ fds, range }: FdFrame): void {
    this.#count += fds.length;
    this.#bundles.push({ fds: fds.splice(0), anchor: range.end - 1 });
  }

  /** Puts some back in front, as those of a byte that was read before. */
  putBack(fds: OwnedFd[], anchor: number): void {
    this.#count += fds.length;
    this.#bundles.unshift({ fds, anchor });
  }

  /** How many belong to bytes before an offset. */
  countBefore(end: number): number {
    let count = 0;
    for (const { fds, anchor } of this.#bundles) {
      if (anchor >= end) break;
      count += fds.length;
    }
    return count;
  }

  /** The next ones, at most so many; only those of bytes before an offset. */
  takeBefore(end: number, most: number): OwnedFd[] {
    const taken: OwnedFd[] = [];
    for (let [front] = this.#bundles; front !== undefined && front.anchor < end; [front] = this.#bundles) {
      taken.push(...front.fds.splice(0, most - taken.length));
      if (front.fds.length > 0) break;
      this.#bundles.shift();
    }
    this.#count -= taken.length;
    return taken;
  }

  /** Closes all. */
  close(): void {
    this.#count = 0;
    for (const { fds } of this.#bundles.splice(0)) OwnedFd.closeAll(fds);
  }
}
