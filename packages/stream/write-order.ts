import type { Writable } from 'node:stream';
import { Outgoing } from './outgoing';
import type { Sender } from './sender';

type WriteCallback = (error?: Error | null) => void;

/**
 * Brings what `write()` and `send()` are given onto the wire in the order they were called. A Writable hands over one
 * write after the other and buffers the rest itself, so a frame that is sent meanwhile takes its place in that buffer.
 */
export class WriteOrder {
  readonly #writable: Writable;
  /** The sender that it puts in order. */
  readonly sender: Sender;
  /** Frames that stand in the Writable's buffer, found again by the very Buffer that holds their place. */
  #parked: Map<Uint8Array, Outgoing> | undefined;
  /** Bytes that the Writable handed over and that it does not know to be sent. */
  #writing = 0;

  constructor(writable: Writable, sender: Sender) {
    this.#writable = writable;
    this.sender = sender;
  }

  /** Sends a frame after all that was written before. */
  send(frame: Outgoing): void {
    if (this.#writable.writableLength === this.#writing) this.sender.send(frame);
    else this.#park(frame);
  }

  /** Sends what the Writable hands over, and calls back when all of it left or the socket failed. */
  write(chunks: readonly Buffer[], callback: WriteCallback): void {
    const frames: Outgoing[] = [];
    let left = 1;
    let failure: Error | undefined;
    let within = true;
    const done = (): void => {
      this.#writing = 0;
      callback(failure);
    };
    const settled = (error?: Error): void => {
      failure ??= error;
      if (--left > 0) return;
      // The Writable itself calls nobody back within its write(). Later it would at once, and what a user's callback throws
      // must not get in the way of other frames.
      if (within) done();
      else process.nextTick(done);
    };
    for (const chunk of chunks) {
      this.#writing += chunk.length;
      const parked = this.#parked?.get(chunk);
      this.#parked?.delete(chunk);
      if (parked === undefined && chunk.length > 0) frames.push(Outgoing.chunk(chunk, settled));
      else if (parked === undefined) failure ??= lossOf(chunk);
      // A frame that fails alone tells its own promise; the chunks around it are written all the same.
      else if (!parked.settled) frames.push(Object.assign(parked, { parked: false, onSettled: settled }));
    }
    left += frames.length;
    for (const frame of frames) this.sender.send(frame);
    settled();
    within = false;
  }

  /** Fails the frames that were not sent. Returns whether somebody is told by a promise. */
  close(reason: Error): boolean {
    const told = this.sender.close(reason);
    const left = [...(this.#parked?.values() ?? [])].filter(({ settled }) => !settled);
    this.#parked = undefined;
    for (const frame of left) frame.settle(reason);
    return told || left.length > 0;
  }

  #park(frame: Outgoing): void {
    this.sender.secure(frame);
    if (frame.settled) return;
    frame.parked = true;
    const place = Buffer.from(frame.bytes.buffer, frame.bytes.byteOffset, frame.bytes.length);
    this.#parked ??= new Map();
    this.#parked.set(place, frame);
    this.#writable.write(place, (error) => {
      if (error) frame.settle(error);
    });
  }
}

/** What became of an empty chunk: nothing, if it was written so; or its memory was transferred to another thread. */
function lossOf(chunk: Buffer): Error | undefined {
  try {
    new Uint8Array(chunk.buffer);
    return undefined;
  } catch (error) {
    return new TypeError('the memory of bytes that wait to be written was transferred away', { cause: error });
  }
}
