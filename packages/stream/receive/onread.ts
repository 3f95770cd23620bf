import type { Duplex } from 'node:stream';
import { types } from 'node:util';
import {
  describeValue,
  invalidType,
  outOfRange,
  type OwnedFd,
  requireNames,
  requireObject,
  type SocketHandle,
  truthful,
  truthfulBuffer,
} from '../../binding';
import { asError } from '../abort';
import type { KeptSegment } from './bundle';
import { applyLimits } from './claim-policy';
import { ANY_DEMAND, type Consumer, type Demand, NO_DEMAND } from './consumer';
import type { Inbox } from './inbox';

/** Reading into memory of the user's own, as net has it. */
export interface Onread<Socket = Duplex> {
  /**
   * What is read into, at least one byte; a function is called for the memory of each read. What it throws, or a TypeError or
   * RangeError for what is no memory, is an uncaught exception, and reading pauses until `resume()`, which asks it again.
   */
  buffer: Buffer | (() => Buffer);
  /**
   * Called on the socket after each read, with how many bytes it filled of `buffer`, which is the very object that was
   * given, and with the descriptors that came with them, which belong to the callee. The memory is read into again when
   * this returns. `false`, and nothing else, pauses until `resume()`.
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
  /** As it was given; undefined where a function for it failed. */
  #memory: Buffer | undefined;
  #paused = false;
  #destroyed = false;
  #offset = 0;

  /** @param memory the first of the memory to read into, see {@link nextMemory} */
  constructor(socket: Socket, inbox: Inbox, handle: SocketHandle, onread: Onread<Socket>, memory: Buffer) {
    this.#socket = socket;
    this.#inbox = inbox;
    this.#handle = handle;
    this.#onread = onread;
    this.#memory = memory;
  }

  start(): void {
    this.#inbox.claim(this);
    if (this.#memory !== undefined) this.#handle.readInto(viewOf(this.#memory));
    this.#inbox.updateAllowance();
  }

  get readsOn(): boolean {
    return !this.#paused;
  }

  pause(): void {
    this.#paused = true;
    this.#inbox.updateAllowance();
  }

  /** @throws as {@link nextMemory}, where that is asked again */
  resume(): void {
    if (this.#memory === undefined) this.#renew();
    this.#paused = false;
    this.#inbox.updateAllowance();
  }

  takeDirectly(segments: readonly KeptSegment[]): boolean {
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
      this.#hand(segment);
    }
    return true;
  }

  #hand({ bytes, fds }: KeptSegment): void {
    // There is some: without it nothing is read.
    const memory = this.#memory ?? bytes;
    try {
      // As in net: what is not false, undefined for one, goes on.
      if (this.#onread.callback.call(this.#socket, bytes.length, memory, fds) === false) this.#paused = true;
    } finally {
      // Also when it threw: it may have kept this memory.
      if (typeof this.#onread.buffer === 'function' && !this.#destroyed) this.#renew();
    }
  }

  /** Asks for the memory of the next read. Until there is some, nothing is read: what was filled is the callback's. */
  #renew(): void {
    const last = this.#memory;
    this.#memory = undefined;
    const memory = nextMemory(this.#onread);
    this.#memory = memory;
    if (memory !== last) this.#handle.readInto(viewOf(memory));
  }

  advance(): void {
    const { end, owner } = this.#inbox;
    if (end === undefined || this.#paused) return;
    if (end === 'eof') owner.endReached();
    else owner.failed(end);
  }

  demand(): Demand {
    return this.#paused || this.#memory === undefined ? NO_DEMAND : ANY_DEMAND;
  }

  socketDestroyed(): void {
    this.#paused = true;
    this.#destroyed = true;
  }
}

/** @throws TypeError and RangeError for what is no memory; what a function for it throws */
export function nextMemory({ buffer }: Pick<Onread, 'buffer'>): Buffer {
  if (typeof buffer !== 'function') return requireMemory(buffer, 'onread.buffer is');
  return requireMemory(buffer(), 'the function onread.buffer returns');
}

const ONREAD = { buffer: true, callback: true } as const;

/** @throws TypeError and RangeError for options that are none */
export function requireOnread(onread: Onread<never>): void {
  requireObject('onread', onread);
  requireNames('onread has no', onread, ONREAD);
  const callback: unknown = Reflect.get(onread, 'callback');
  if (typeof callback !== 'function')
    throw invalidType(`onread.callback is a function, not ${describeValue(callback)}`);
  const { buffer } = onread;
  if (typeof buffer !== 'function') requireMemory(buffer, 'onread.buffer is');
}

/** Where to read into: a Buffer, with the true length, over memory that may be any Uint8Array of plain JavaScript. */
function viewOf(memory: Buffer): Buffer {
  const same = truthful(memory);
  return same === memory && Buffer.isBuffer(memory) ? memory : truthfulBuffer(memory);
}

function requireMemory(memory: unknown, what: string): Buffer {
  // Asks the object itself: a Proxy, or what has no more than the prototype, is no memory.
  if (!types.isUint8Array(memory)) throw invalidType(`${what} a Buffer, not ${describeValue(memory)}`);
  if (truthful(memory).length === 0)
    throw outOfRange(`${what} a Buffer with room for a byte at least, not an empty one`);
  return memory as Buffer;
}
