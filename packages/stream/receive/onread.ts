import type { Duplex } from 'node:stream';
import {
  invalidType,
  outOfRange,
  type OwnedFd,
  requireObject,
  type Segment,
  type SocketHandle,
  systemError,
} from '../../binding';
import { asError } from '../abort';
import { applyLimits } from './claim-policy';
import { ANY_DEMAND, type Consumer, type Demand, NO_DEMAND } from './consumer';
import type { Inbox } from './inbox';

/** Reading into memory of the user's own, as net has it. */
export interface Onread<Socket = Duplex> {
  /** What is read into, at least one byte; a function is called for the memory of each read. */
  buffer: Uint8Array | (() => Uint8Array);
  /**
   * Called on the socket after each read, with how many bytes of `buffer` it filled, and with the descriptors that came with
   * them, which belong to the callee. The memory is read into again when this returns. `false`, and nothing else, pauses until
   * `resume()`.
   */
  callback(this: Socket, bytesRead: number, buffer: Buffer, fds: OwnedFd[]): unknown;
}

/** Reads a socket into the user's memory: bytes and descriptors go from the kernel to the callback, past the queue. */
export class OnreadConsumer<Socket> implements Consumer {
  readonly name = 'onread';
  /** Its users listen to 'error'. */
  readonly rejects = false;
  readonly #inbox: Inbox;
  readonly #handle: SocketHandle;
  readonly #onread: Onread<Socket>;
  readonly #socket: Socket;
  #buffer: Buffer;
  #paused = false;
  #offset = 0;

  /** @param memory the first of the memory to read into, see {@link nextMemory} */
  constructor(socket: Socket, inbox: Inbox, handle: SocketHandle, onread: Onread<Socket>, memory: Buffer) {
    this.#socket = socket;
    this.#inbox = inbox;
    this.#handle = handle;
    this.#onread = onread;
    this.#buffer = memory;
  }

  start(): void {
    this.#inbox.claim(this);
    this.#handle.readInto(this.#buffer);
    this.#inbox.updateAllowance();
  }

  pause(): void {
    this.#paused = true;
    this.#inbox.updateAllowance();
  }

  resume(): void {
    this.#paused = false;
    this.#inbox.updateAllowance();
  }

  takeDirectly(segments: readonly Segment[]): boolean {
    for (const segment of segments) {
      const range = { start: this.#offset, end: this.#offset + segment.bytes.length };
      this.#offset = range.end;
      try {
        // What is read is a frame, with the limits of one.
        applyLimits(segment, 'attached', 0, range, this.#inbox.limits, this.#inbox.discarder);
      } catch (error) {
        this.#inbox.owner.failed(asError(error));
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
    const { end, owner } = this.#inbox;
    if (end === undefined || this.#paused) return;
    if (end === 'eof') owner.endReached();
    else owner.failed(systemError(end.error, 'recvmsg'));
  }

  demand(): Demand {
    return this.#paused ? NO_DEMAND : ANY_DEMAND;
  }

  socketDestroyed(): void {
    this.#paused = true;
  }
}

/** @throws TypeError and RangeError for what is no memory, or no function */
export function nextMemory({ buffer }: Pick<Onread, 'buffer'>): Buffer {
  const next = typeof buffer === 'function' ? buffer() : buffer;
  requireMemory(next);
  return Buffer.isBuffer(next) ? next : Buffer.from(next.buffer, next.byteOffset, next.length);
}

/** @throws TypeError and RangeError for options that are none */
export function requireOnread(onread: Onread<never>): void {
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
