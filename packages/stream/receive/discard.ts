import type { Duplex } from 'node:stream';
import { type ByteRange, OwnedFd } from '../../binding';
import type { SocketStats } from '../stats';
import { microtask, nextTick } from '../later';

/** Why descriptors that arrived were closed without reaching anyone. */
export type DiscardReason =
  /** Bytes were read as 'data' and nobody listened to 'fds'. */
  | 'no-listener'
  /** The socket has `receiveFds: false`. */
  | 'refused'
  /** More than the frame declared or `maxFdsPerFrame` allows. */
  | 'surplus'
  /** Of a frame that lost others to truncation. */
  | 'truncated'
  /** Of a frame that came with fewer than it declared. */
  | 'missing'
  /** The stream ended inside their frame, or they belonged to none. */
  | 'incomplete'
  /** The socket was destroyed before anyone took them. */
  | 'destroyed';

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
    this.#stats.fdsClosed += count;
    const report = (): boolean => this.#duplex.emit('discarded', { count, range, reason } satisfies Discarded);
    // Later, since a listener may throw or destroy the socket; but before whoever waits for a frame goes on, and before
    // 'close'.
    if (this.#duplex.destroyed) nextTick(report);
    else microtask(report);
  }
}
