import type { FdSocket } from '../stream';
import type { Side } from './side';

/** What came from one side and was passed on, as far as the kernel has accepted it; and what was not. */
export interface ForwardedTotals {
  readonly bytes: number;
  /** Messages of the codec, or without one what was read at once. */
  readonly frames: number;
  readonly fds: number;
  /** Frames that `seen` kept back. */
  readonly refused: number;
}

/** By the side that it came from. */
export type Totals = Readonly<Record<Side, ForwardedTotals>>;

/** Counts what is passed on to one socket. */
export class Count implements ForwardedTotals {
  refused = 0;
  readonly #to: FdSocket;
  readonly #before: { readonly bytesWritten: number; readonly framesSent: number; readonly fdsSent: number };

  constructor(to: FdSocket) {
    const { bytesWritten, framesSent, fdsSent } = to.stats;
    this.#to = to;
    this.#before = { bytesWritten, framesSent, fdsSent };
  }

  get bytes(): number {
    return this.#to.stats.bytesWritten - this.#before.bytesWritten;
  }

  get frames(): number {
    return this.#to.stats.framesSent - this.#before.framesSent;
  }

  get fds(): number {
    return this.#to.stats.fdsSent - this.#before.fdsSent;
  }
}

/** What it counts now. */
export function snapshot({ bytes, frames, fds, refused }: ForwardedTotals): ForwardedTotals {
  return { bytes, frames, fds, refused };
}

export function sum(all: readonly Totals[]): Totals {
  const of = (side: Side, name: keyof ForwardedTotals): number =>
    all.reduce((total, each) => total + each[side][name], 0);
  const ofSide = (side: Side): ForwardedTotals => ({
    bytes: of(side, 'bytes'),
    frames: of(side, 'frames'),
    fds: of(side, 'fds'),
    refused: of(side, 'refused'),
  });
  return { from: ofSide('from'), to: ofSide('to') };
}
