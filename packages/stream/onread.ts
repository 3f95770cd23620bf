import {
  AncillaryError,
  type ByteRange,
  invalidType,
  outOfRange,
  type OwnedFd,
  requireObject,
  type Segment,
  type SocketHandle,
  systemError,
} from '../binding';
import type { FdSocket } from './fd-socket';
import { ANY_DEMAND, type Consumer, type Demand, NO_DEMAND, type Receiver } from './receiver';

/** Reading into memory of the user's own, as net has it. */
export interface OnreadOptions {
  /** What is read into; a function is asked for the memory of each read. At least one byte. */
  buffer: Uint8Array | (() => Uint8Array);
  /**
   * Called on the socket after each read, with how many bytes of `buffer` it filled, and with the descriptors that came with
   * them, which belong to the callee. The memory is read into again when this returns. `false`, and nothing else, pauses until
   * `resume()`.
   */
  callback(this: FdSocket, bytesRead: number, buffer: Buffer, fds: OwnedFd[]): unknown;
}

/** Reads a socket into the user's memory: bytes and descriptors go from the kernel to the callback, past the queue. */
export class OnreadConsumer implements Consumer {
  readonly name = 'onread';
  readonly #receiver: Receiver;
  readonly #handle: SocketHandle;
  readonly #onread: OnreadOptions;
  readonly #socket: FdSocket;
  #buffer: Buffer;
  #paused = false;
  #offset = 0;

  /** @param memory the first of the memory to read into, see {@link nextMemory} */
  constructor(socket: FdSocket, receiver: Receiver, handle: SocketHandle, onread: OnreadOptions, memory: Buffer) {
    this.#socket = socket;
    this.#receiver = receiver;
    this.#handle = handle;
    this.#onread = onread;
    this.#buffer = memory;
  }

  start(): void {
    this.#receiver.claim(this);
    this.#handle.readInto(this.#buffer);
    this.#receiver.update();
  }

  pause(): void {
    this.#paused = true;
    this.#receiver.update();
  }

  resume(): void {
    this.#paused = false;
    this.#receiver.update();
  }

  receive(segments: readonly Segment[]): boolean {
    for (const segment of segments) {
      const range = { start: this.#offset, end: this.#offset + segment.bytes.length };
      this.#offset = range.end;
      const failure = this.#judge(segment, range);
      if (failure !== undefined) {
        this.#receiver.host.failed(failure);
        break;
      }
      const buffer = this.#buffer;
      // As in net: what is not false, undefined for one, goes on.
      if (this.#onread.callback.call(this.#socket, segment.bytes.length, buffer, segment.fds) === false) {
        this.#paused = true;
      }
      if (typeof this.#onread.buffer === 'function') {
        this.#buffer = nextMemory(this.#onread);
        this.#handle.readInto(this.#buffer);
      }
    }
    return true;
  }

  advance(): void {
    const { end, host } = this.#receiver;
    if (end === undefined || this.#paused) return;
    if (end === 'eof') host.ended();
    else host.failed(systemError(end.error, 'recvmsg'));
  }

  demand(): Demand {
    return this.#paused ? NO_DEMAND : ANY_DEMAND;
  }

  fail(): boolean {
    return false;
  }

  /** What is read is a frame, with the limits of one; the surplus, or all of it, is closed here. */
  #judge({ fds, truncated }: Segment, range: ByteRange): AncillaryError | undefined {
    const { host, limits } = this.#receiver;
    if (truncated && limits.onTruncated === 'error') {
      host.discard(fds, range, 'truncated');
      return new AncillaryError(
        'ERR_FD_TRUNCATED',
        `the kernel dropped descriptors of bytes ${range.start} to ${range.end}; those it delivered are closed`,
      );
    }
    if (fds.length <= limits.maxFdsPerFrame) return undefined;
    const kept = limits.onSurplus === 'close' ? limits.maxFdsPerFrame : 0;
    const came = fds.length;
    host.discard(fds.splice(kept), range, 'surplus');
    if (limits.onSurplus === 'close') return undefined;
    return new AncillaryError(
      'ERR_FD_SURPLUS',
      `${came} descriptors came at once, ${limits.maxFdsPerFrame} are allowed; all of them are closed`,
    );
  }
}

/** @throws TypeError and RangeError for what is no memory, or no function */
export function nextMemory({ buffer }: OnreadOptions): Buffer {
  const next = typeof buffer === 'function' ? buffer() : buffer;
  requireMemory(next);
  return Buffer.isBuffer(next) ? next : Buffer.from(next.buffer, next.byteOffset, next.length);
}

/** @throws TypeError and RangeError for options that are none */
export function requireOnread(onread: OnreadOptions): void {
  requireObject('onread', onread);
  if (typeof onread.callback !== 'function') throw invalidType('onread.callback is a function');
  if (typeof onread.buffer !== 'function') requireMemory(onread.buffer);
}

function requireMemory(memory: unknown): void {
  if (!(memory instanceof Uint8Array)) {
    throw invalidType('onread.buffer is a Buffer or Uint8Array, or a function that returns one');
  }
  if (memory.length === 0) throw outOfRange('onread.buffer has room for a byte at least');
}
