import { systemError } from '../binding';
import { asError } from './rejection';
import type { FdFrame } from './frame';
import { FrameReader, segmentFrames } from './frame-reader';
import { type Consumer, type Demand, NO_DEMAND, type Receiver } from './receiver';

/** The readable half of a Duplex, as its byte consumer sees it. */
export interface ByteSink {
  /** Hands bytes on; false when enough are waiting. */
  push(bytes: Buffer): boolean;
  /** Whether bytes that were pushed wait to be read, and suffice to whoever reads. */
  unread(): boolean;
  /** Hands descriptors to whoever listens. Returns false, and leaves them to the caller, when nobody does. */
  offer(frame: FdFrame): boolean;
}

/**
 * Reads a socket as bytes. Descriptors are handed out just before the bytes that they came with, so those bytes are held
 * back until all before them have been read, or `read(size)` asks for more than these.
 */
export class ByteConsumer implements Consumer {
  readonly name = `bytes ('data', pipe(), read() or for await of the socket)`;
  readonly #receiver: Receiver;
  readonly #sink: ByteSink;
  readonly #reader: FrameReader;
  #wanted = false;

  constructor(receiver: Receiver, sink: ByteSink) {
    this.#receiver = receiver;
    this.#sink = sink;
    this.#reader = new FrameReader(
      receiver.queue,
      segmentFrames(receiver.queue),
      receiver.limits,
      receiver.host.discard,
    );
  }

  /** The Duplex wants more; it asks again only after it was given some. */
  want(): void {
    this.#wanted = true;
    // Not within read(), which has yet to hand out what it took: descriptors must not overtake that.
    if (this.#receiver.queue.length > 0 || this.#receiver.end !== undefined) this.#advanceSoon();
    this.#receiver.taken();
  }

  /** Whether bytes with descriptors wait until the Duplex has been read empty. */
  get holding(): boolean {
    return this.#wanted && this.#receiver.queue.length > 0;
  }

  advance(): void {
    let done = false;
    try {
      this.#advance();
      done = true;
    } finally {
      // A listener of the user's threw: what is queued behind must not wait until more comes.
      if (!done) this.#advanceSoon();
    }
  }

  #advanceSoon(): void {
    process.nextTick(() => {
      this.advance();
      this.#receiver.taken();
    });
  }

  #advance(): void {
    const { queue, host } = this.#receiver;
    while (this.#wanted && queue.length > 0) {
      if (queue.hasFdsBefore(queue.start + queue.frontLength) && this.#sink.unread()) return;
      let frame: FdFrame | undefined;
      try {
        frame = this.#reader.next();
      } catch (error) {
        host.failed(asError(error));
        return;
      }
      if (frame === undefined) return;
      this.#deliver(frame);
    }
    if (!this.#wanted || this.#receiver.end === undefined) return;
    this.#wanted = false;
    if (this.#receiver.end === 'eof') host.ended();
    else host.failed(systemError(this.#receiver.end.error, 'recvmsg'));
  }

  demand(): Demand {
    const { queue, limits } = this.#receiver;
    const room = limits.highWaterMark - queue.length;
    const fds = limits.maxQueuedFds - queue.fdCount;
    return this.#wanted && room > 0 && fds > 0 ? { bytes: limits.highWaterMark, fds } : NO_DEMAND;
  }

  fail(): boolean {
    this.#wanted = false;
    return false;
  }

  #deliver(frame: FdFrame): void {
    const withFds = frame.fds.length > 0 || frame.truncated;
    try {
      if (withFds && !this.#sink.offer(frame)) this.#receiver.host.discard(frame.fds, frame.range, 'no-listener');
    } finally {
      this.#wanted = this.#sink.push(frame.bytes);
    }
  }
}
