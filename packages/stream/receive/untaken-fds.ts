import type { Anchor, ByteRange, OwnedFd } from '../../binding';
import { Fifo } from '../fifo';
import type { FdFrame } from '../frame';
import type { Discarder } from './discard';
import { anchorOf, type Bundle } from './receive-queue';

/** Descriptors of bytes that were handed out while nobody listened to 'fds'. They wait for whoever takes them. */
export class UntakenFds {
  readonly #bundles = new Fifo<Bundle<OwnedFd>>();
  #count = 0;

  /** How many descriptors wait. */
  get count(): number {
    return this.#count;
  }

  /** Whether none waits, and no mark of a truncation. */
  get empty(): boolean {
    return this.#bundles.length === 0;
  }

  add({ fds, range, truncated }: FdFrame): void {
    this.#bundles.push({ fds, window: range, truncated });
    this.#count += fds.length;
  }

  /** The next ones in the order of arrival, at most so many, of which some byte of their window was read. */
  take(most: number, readUpTo: number): OwnedFd[] {
    const taken: OwnedFd[] = [];
    for (let { front } = this.#bundles; front !== undefined; { front } = this.#bundles) {
      if (front.window.start >= readUpTo || (taken.length === most && front.fds.length > 0)) break;
      taken.push(...front.fds.splice(0, most - taken.length));
      if (front.fds.length > 0) break;
      this.#bundles.shift();
    }
    this.#count -= taken.length;
    return taken;
  }

  /** Removes those whose anchor byte was not read: they go back with it. */
  takeBack(readUpTo: number, anchor: Anchor): Bundle<OwnedFd>[] {
    let count = 0;
    for (let at = this.#bundles.length - 1; at >= 0; at--) {
      const bundle = this.#bundles.at(at);
      if (bundle === undefined || anchorOf(bundle.window, anchor) < readUpTo) break;
      count++;
      this.#count -= bundle.fds.length;
    }
    return this.#bundles.popLast(count);
  }

  /** Closes those whose anchor byte was read. Returns whether there were any. */
  discardRead(readUpTo: number, anchor: Anchor, discarder: Discarder): boolean {
    const before = this.#count;
    for (let { front } = this.#bundles; front !== undefined; { front } = this.#bundles) {
      if (anchorOf(front.window, anchor) >= readUpTo) break;
      this.#bundles.shift();
      this.#count -= front.fds.length;
      discardUnheard(front.fds, front.window, discarder);
    }
    return this.#count < before;
  }

  /** Closes all: the socket is destroyed. @param expected whether somebody said that they take them */
  discardAll(expected: boolean, discarder: Discarder): void {
    this.#count = 0;
    for (const { fds, window } of this.#bundles.clear()) {
      if (expected) discarder.discard(fds, window, 'destroyed');
      else discardUnheard(fds, window, discarder);
    }
  }
}

/** Said once for each process: a peer decides how often it happens. */
let said = false;

function discardUnheard(fds: readonly OwnedFd[], window: ByteRange, discarder: Discarder): void {
  discarder.discard(fds, window, 'no-listener');
  if (said || fds.length === 0) return;
  said = true;
  process.emitWarning("descriptors came with bytes that were read, and nobody listens to 'fds': they are closed", {
    type: 'AncillaryWarning',
    code: 'ANCILLARY_NO_LISTENER',
    detail:
      "Listen to 'fds', or call takeFds() before you read. To refuse descriptors, close those of each frame that 'fds' brings. " +
      'This is said once.',
  });
}
