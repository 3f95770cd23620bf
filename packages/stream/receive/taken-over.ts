import type { FdFrame } from '../frame';
import { type FrameCallback, FrameHandler } from './frame-handler';
import { FrameIterator } from './frame-iterator';
import type { FrameMeasure } from './frame-measure';
import type { Inbox } from './inbox';
import { SegmentHandler } from './segment-handler';

/** A socket that was taken over, for the one that did: by its name nobody else can read. */
export class TakenOver {
  readonly #inbox: Inbox;
  readonly #by: string;

  constructor(inbox: Inbox, by: string) {
    this.#inbox = inbox;
    this.#by = by;
  }

  /** As FdSocket.frames(). */
  frames(codec: FrameMeasure): AsyncIterableIterator<FdFrame> {
    return new FrameIterator(this.#inbox, codec, this.#by, undefined);
  }

  /** As FdSocket.forEachFrame(). */
  forEachFrame(callback: FrameCallback, codec?: FrameMeasure): Promise<void> {
    if (codec === undefined) return new SegmentHandler(this.#inbox, callback, this.#by).run();
    return new FrameHandler(this.#inbox, codec, callback, this.#by, undefined).run();
  }
}
