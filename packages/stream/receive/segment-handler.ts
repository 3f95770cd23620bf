import { FdFrame } from '../frame';
import { type KeptSegment, lonePlain } from './bundle';
import { type Demand, FLOWING } from './consumer';
import { segmentFrames } from './fixed-frames';
import { type FrameCallback, FrameHandler } from './frame-handler';
import type { Inbox } from './inbox';

/** Hands over each segment as a frame; plain ones that are waited for past the queue, since nothing has to be cut there. */
export class SegmentHandler extends FrameHandler {
  readonly #inbox: Inbox;

  /** @throws TypeError for what is no callback */
  constructor(inbox: Inbox, callback: FrameCallback, name: string) {
    super(inbox, segmentFrames(inbox.queue), callback, name, undefined);
    this.#inbox = inbox;
  }

  takeDirectly(segments: readonly KeptSegment[]): boolean {
    const plain = lonePlain(segments);
    if (plain === undefined || !this.#flows || !this.#inbox.hasTurn()) return false;
    const { queue } = this.#inbox;
    const start = queue.end;
    queue.passBy(plain.bytes.length);
    this.pass(new FdFrame(plain.bytes, [], { start, end: queue.end }, false, start < queue.doubtUntil));
    return true;
  }

  override advance(): void {
    // Mostly all went past the queue.
    if (this.#inbox.queue.empty && this.#inbox.end === undefined) return;
    super.advance();
  }

  override demand(): Demand {
    const { bytes, fds, look } = super.demand();
    return { bytes: this.#flows ? FLOWING * bytes : bytes, fds, look };
  }

  /** Whether what comes is handed over at once, so that none of it piles up. */
  get #flows(): boolean {
    return this.waits && this.#inbox.queue.empty;
  }
}
