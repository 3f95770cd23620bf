import { OwnedFd } from '../../packages/binding';
import { type FdFrame, fds } from '../../packages/ancillary';
import type { DiscardReason } from '../../packages/stream/diagnostics';
import type { Discarder } from '../../packages/stream/receive/discard';
import type { FrameMeasure } from '../../packages/stream/receive/frame-measure';
import { FrameReader } from '../../packages/stream/receive/frame-reader';
import type { ReceiveLimits } from '../../packages/stream/receive/inbox';
import { ReceiveQueue } from '../../packages/stream/receive/receive-queue';
import { identity } from '../support/descriptors';

const LIMITS: ReceiveLimits = {
  receiveFds: true,
  maxFdsPerFrame: 253,
  onSurplus: 'error',
  onTruncated: 'error',
  maxQueuedFds: 1024,
  highWaterMark: 65_536,
};

/** Frames of a length digit, a digit for the number of descriptors, and as many bytes as the length says. */
export const digits: FrameMeasure = {
  measure: (buffered) => {
    const [length = 0, count = 0] = buffered;
    return buffered.length < 2 ? { need: 2 } : { length: 2 + length - 48, fds: count - 48 };
  },
};

/** The same, with the descriptors attached to the frame as its own and the second digit ignored. */
export function attached(reads: 'bounded' | 'greedy'): FrameMeasure {
  return {
    reads,
    measure: (buffered, scanned) => {
      const measured = digits.measure(buffered, scanned);
      return 'need' in measured ? measured : { ...measured, fds: 'attached' };
    },
  };
}

/** A FrameReader with a queue to fill by hand, and all that it hands out or discards. */
export class Reading implements Disposable {
  readonly queue = new ReceiveQueue<OwnedFd>('last-byte');
  readonly reader: FrameReader;
  /** How many descriptors were discarded, and why. */
  readonly discarded: [number, DiscardReason][] = [];
  readonly #opened: OwnedFd[] = [];

  constructor(codec: FrameMeasure, limits: Partial<ReceiveLimits> = {}) {
    const discarder: Discarder = {
      discard: (closed, _range, reason) => {
        const count = OwnedFd.closeAll(closed);
        if (count > 0) this.discarded.push([count, reason]);
      },
    };
    const supply = {
      queue: this.queue,
      limits: { ...LIMITS, ...limits },
      discarder,
      end: undefined,
      owner: { failed: () => undefined },
      frameTaken: () => undefined,
    };
    this.reader = new FrameReader(supply, codec);
  }

  /** What one recvmsg brought. Returns the identities of its descriptors. */
  came(text: string, fdCount = 0, truncated = false, rest = 0): string[] {
    const came = Array.from({ length: fdCount }, () => fds.memfd('came'));
    this.#opened.push(...came);
    const identities = came.map(({ fd }) => identity(fd));
    this.queue.push(Buffer.from(text), came, truncated, rest);
    return identities;
  }

  /** The next frame as text and identities; its descriptors are closed. */
  next(): { text: string; fds: string[]; frame: FdFrame } | undefined {
    const frame = this.reader.cut();
    if (frame === undefined) return undefined;
    const shown = { text: frame.bytes.toString(), fds: frame.fds.map(({ fd }) => identity(fd)), frame };
    frame.close();
    return shown;
  }

  /** How many of the descriptors that came are still open. */
  get open(): number {
    return this.#opened.filter(({ closed }) => !closed).length;
  }

  [Symbol.dispose](): void {
    OwnedFd.closeAll(this.#opened);
  }
}
