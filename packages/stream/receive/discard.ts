import type { Duplex } from 'node:stream';
import { type ByteRange, OwnedFd } from '../../binding';
import type { DiscardReason } from '../diagnostics';
import type { SocketStats } from '../stats';
import { microtask, nextTick } from '../later';

/** What the event 'discarded' reports. */
export interface Discarded {
  readonly count: number;
  /** The frame or the stretch of the stream that they came with. */
  readonly range: ByteRange;
  readonly reason: DiscardReason;
}

/** Where a reader's descriptors go that it must not return. */
export interface Discarder {
  discard(fds: readonly OwnedFd[], range: ByteRange, reason: DiscardReason): void;
}

/** Closes received descriptors, counts and reports them. No other code closes them unseen by the user. */
export class Discard implements Discarder {
  readonly #duplex: Duplex;
  readonly #stats: SocketStats;

  constructor(duplex: Duplex, stats: SocketStats) {
    this.#duplex = duplex;
    this.#stats = stats;
  }

  discard(fds: readonly OwnedFd[], range: ByteRange, reason: DiscardReason): void {
    const count = OwnedFd.closeAll(fds);
    if (count === 0) return;
    this.#stats.discarded(count, range, reason);
    const report = (): boolean => this.#duplex.emit('discarded', { count, range, reason } satisfies Discarded);
    // Later, since a listener may throw or destroy the socket; but before whoever waits for a frame goes on, and before
    // 'close'.
    if (this.#duplex.destroyed) nextTick(report);
    else microtask(report);
  }
}
