import { Readable, Writable } from 'node:stream';
import { errnoName, systemError } from '../binding';
import { copyOf, heldBack, type Stopped, stopReading } from '../stream';
import type { PolledFd } from './polled-fd';

const CHUNK = 64 * 1024;

type Callback = (error?: Error | null) => void;

/** Reads a pipe or a terminal to its end, and closes it then. */
export class PolledReadable extends Readable {
  readonly #polled: PolledFd;
  /** What was read is copied out of it, so that a small chunk that is kept keeps no more memory than it has. */
  #memory: Buffer | undefined;

  constructor(polled: PolledFd) {
    super({ highWaterMark: CHUNK });
    this.#polled = polled;
  }

  get fd(): number {
    return this.#polled.fd;
  }

  override _read(): void {
    const memory = (this.#memory ??= Buffer.allocUnsafeSlow(CHUNK));
    this.#polled.transfer(memory, (result) => {
      if (result < 0) this.destroy(failure(result, 'read'));
      else if (result === 0) this.push(null);
      else this.push(copyOf(memory.subarray(0, result)));
    });
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#memory = undefined;
    this.#polled.close((failed) => callback(error ?? failed));
  }

  /** Whether something was read, and is not here yet. */
  [heldBack](): boolean {
    return this.#polled.busy;
  }

  /** Nothing is read while it waits to be sent. */
  [stopReading](): Stopped {
    this.#polled.hold(true);
    return { restart: () => this.#polled.hold(false), untilResumed: true };
  }
}

/** Writes all that it is given to a pipe or a terminal, and closes it then. */
export class PolledWritable extends Writable {
  readonly #polled: PolledFd;

  constructor(polled: PolledFd) {
    super({ highWaterMark: CHUNK });
    this.#polled = polled;
  }

  get fd(): number {
    return this.#polled.fd;
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: Callback): void {
    const { length } = chunk;
    this.#polled.transfer(chunk, (result) => {
      if (chunk.length < length)
        callback(new TypeError('the memory of bytes that wait to be written was transferred away'));
      else if (result < 0) callback(failure(result, 'write'));
      else if (result === chunk.length) callback();
      else this._write(chunk.subarray(result), encoding, callback);
    });
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#polled.close((failed) => callback(error ?? failed));
  }
}

function failure(result: number, syscall: 'read' | 'write'): Error {
  return systemError(errnoName(-result), syscall);
}
