import { setImmediate } from 'node:timers';
import type { ByteRange, OwnedFd } from '../../binding';
import { Fifo } from '../fifo';
import type { FdFrame } from '../frame';
import type { Discarder } from './discard';
import type { Inbox } from './inbox';
import { anchorOf, type Bundle } from './bundle';

/**
 * Descriptors of bytes that were handed out while nobody listened to 'fds'. They wait for {@link take}: from its first call on
 * without end, before it until the turn of the event loop is over in which their bytes were read, for a program that knows
 * nothing of descriptors must not keep them.
 */
export class UntakenFds {
  readonly #inbox: Inbox;
  readonly #readUpTo: () => number;
  readonly #closed: () => void;
  readonly #bundles = new Fifo<Bundle<OwnedFd>>();
  #count = 0;
  /** Somebody takes descriptors. */
  #expected = false;
  #closing = false;

  /**
   * @param readUpTo up to where bytes were read
   * @param closed called when what was {@link closing} is closed, or was taken
   */
  constructor(inbox: Inbox, readUpTo: () => number, closed: () => void) {
    this.#inbox = inbox;
    this.#readUpTo = readUpTo;
    this.#closed = closed;
  }

  /** How many descriptors wait. */
  get count(): number {
    return this.#count;
  }

  /** Whether those of bytes that were read are about to be closed. */
  get closing(): boolean {
    return this.#closing;
  }

  add({ fds, range, truncated }: FdFrame): void {
    this.#bundles.push({ fds, window: range, truncated });
    this.#count += fds.length;
    this.#closeSoon();
  }

  /** Bytes were read, perhaps those that descriptors came with. */
  wasRead(): void {
    if (this.#bundles.length > 0) this.#closeSoon();
  }

  /** The next ones in the order of arrival, at most so many, of which some byte of their window was read. */
  take(most: number): OwnedFd[] {
    this.#expected = true;
    const readUpTo = this.#readUpTo();
    const taken: OwnedFd[] = [];
    for (let { front } = this.#bundles; front !== undefined; { front } = this.#bundles) {
      if (front.window.start >= readUpTo) break;
      taken.push(...front.fds.splice(0, most - taken.length));
      if (front.fds.length > 0) break;
      this.#bundles.shift();
    }
    this.#count -= taken.length;
    if (taken.length > 0) this.#inbox.resumeReading();
    return taken;
  }

  /** Removes those whose anchor byte was not read: they go back with it. */
  takeBack(readUpTo: number): Bundle<OwnedFd>[] {
    const { anchor } = this.#inbox.queue;
    let count = 0;
    for (let at = this.#bundles.length - 1; at >= 0; at--) {
      const bundle = this.#bundles.at(at);
      if (bundle === undefined || anchorOf(bundle.window, anchor) < readUpTo) break;
      count++;
      this.#count -= bundle.fds.length;
    }
    return this.#bundles.popLast(count);
  }

  /** Closes all: the socket is destroyed. */
  destroy(): void {
    this.#count = 0;
    const { discarder } = this.#inbox;
    for (const { fds, window } of this.#bundles.clear()) {
      if (this.#expected) discarder.discard(fds, window, 'destroyed');
      else discardUnheard(fds, window, discarder);
    }
  }

  #closeSoon(): void {
    if (this.#expected || this.#closing) return;
    this.#closing = true;
    setImmediate(() => {
      this.#closing = false;
      if (!this.#expected) this.#closeRead();
      this.#closed();
    });
  }

  /** Closes those whose anchor byte was read. */
  #closeRead(): void {
    const { queue, discarder } = this.#inbox;
    const readUpTo = this.#readUpTo();
    const before = this.#count;
    for (let { front } = this.#bundles; front !== undefined; { front } = this.#bundles) {
      if (anchorOf(front.window, queue.anchor) >= readUpTo) break;
      this.#bundles.shift();
      this.#count -= front.fds.length;
      discardUnheard(front.fds, front.window, discarder);
    }
    if (this.#count < before) this.#inbox.resumeReading();
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
      "Listen to 'fds', or call takeFds() before you read. To refuse descriptors, set receiveFds: false. " +
      'This is said once.',
  });
}
