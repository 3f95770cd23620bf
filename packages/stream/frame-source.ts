import { AncillaryError, systemError } from '../binding';
import type { FdFrame } from './frame';
import type { FrameMeasure } from './frame-measure';
import { FrameReader } from './frame-reader';
import { type Demand, NO_DEMAND, type Receiver } from './receiver';
import { asError } from './rejection';

/** The frames of a socket's queue, for whichever consumer hands them out: one at a time, to the end of the stream. */
export class FrameSource {
  readonly #receiver: Receiver;
  readonly #reader: FrameReader;
  readonly #endExpected: boolean;

  /** @param endExpected whether the stream may end before the next frame; otherwise that is ERR_FRAME_INCOMPLETE */
  constructor(receiver: Receiver, codec: FrameMeasure, endExpected = true) {
    this.#receiver = receiver;
    this.#reader = new FrameReader(receiver.queue, codec, receiver.limits, receiver.host);
    this.#endExpected = endExpected;
  }

  /**
   * The next frame; undefined while it is incomplete, `'end'` when there is none to come. What is wrong with the stream
   * destroys the socket, which tells its consumer.
   */
  take(): FdFrame | 'end' | undefined {
    try {
      return this.#cut();
    } catch (error) {
      this.#receiver.host.failed(asError(error));
      return undefined;
    }
  }

  /** How much to read for whoever takes frames. @param wanted whether somebody waits for one now */
  demand(wanted: boolean): Demand {
    const { queue, limits } = this.#receiver;
    const missing = this.#reader.missing();
    if (this.#reader.failed) return NO_DEMAND;
    if (!this.#reader.greedy) {
      if (!wanted) return NO_DEMAND;
      return { bytes: missing, fds: Math.max(1, limits.maxFdsPerFrame + 1 - queue.fdCount) };
    }
    // A frame that is incomplete may always be finished; what is complete waits for its taker, up to the limits.
    const full = queue.length >= limits.highWaterMark || queue.fdCount >= limits.maxQueuedFds;
    if (missing === 0 && full) return NO_DEMAND;
    return { bytes: Math.max(missing, limits.highWaterMark), fds: Math.max(1, limits.maxQueuedFds - queue.fdCount) };
  }

  /** @throws as {@link FrameReader.next}; ERR_FRAME_INCOMPLETE; system errors of recvmsg */
  #cut(): FdFrame | 'end' | undefined {
    const frame = this.#reader.next();
    if (frame !== undefined) {
      this.#receiver.host.frameReceived();
      return frame;
    }
    const { end, queue } = this.#receiver;
    if (end === undefined) return undefined;
    if (end !== 'eof') throw systemError(end.error, 'recvmsg');
    if (queue.length === 0 && this.#endExpected) return 'end';
    const where =
      queue.length === 0
        ? `the stream ended at ${queue.start}, where a frame was to begin`
        : `the stream ended inside a frame, ${queue.length} bytes after its start at ${queue.start}; ` +
          `the ${queue.fdCount} descriptors that came with them are closed`;
    throw new AncillaryError('ERR_FRAME_INCOMPLETE', where);
  }
}
