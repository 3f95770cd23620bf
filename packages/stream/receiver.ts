import { AncillaryError, type OwnedFd, type ReadEnd, type Segment, type SocketHandle } from '../binding';
import { type ReceiveQueue } from './receive-queue';
import type { Discarder } from './discard';
import type { FrameLimits } from './frame-reader';

/** All limits on receiving; see FdSocketOptions. */
export interface ReceiveLimits extends FrameLimits {
  readonly highWaterMark: number;
}

/** How much may be read from the kernel now; see SocketHandle.allowReading. */
export interface Demand {
  readonly bytes: number;
  readonly fds: number;
}

export const NO_DEMAND: Demand = { bytes: 0, fds: 0 };
/** Whatever comes. No larger numbers, since V8 would then keep those of every demand in objects of their own. */
export const ANY_DEMAND: Demand = { bytes: 2 ** 31 - 1, fds: 2 ** 31 - 1 };

/** What part of a demand is still enough. */
const MUCH = 3 / 4;

/** One way of reading a socket: bytes, or frames. At most one is active. */
export interface Consumer {
  /** What a user would call it, for messages. */
  readonly name: string;
  /** May take what came without its entering the queue, and then returns true. After false it is queued. */
  receive?(segments: readonly Segment[]): boolean;
  /** Something was received, or the stream ended: take what can be taken. */
  advance(): void;
  demand(): Demand;
  /** The socket is destroyed. Returns whether a user of this consumer is told the error, and so nobody else needs be. */
  fail(error: Error | undefined): boolean;
}

/** What the receiver needs of the socket it belongs to. */
export interface ReceiverHost extends Discarder {
  /** So much came from the kernel. */
  received(bytes: number, fds: number): void;
  /** A consumer was left, and nobody reads now. */
  left(): void;
  /** A consumer reached the end of the stream. */
  ended(): void;
  /** The stream is broken, or a consumer will have none of it. */
  failed(error: Error): void;
  frameReceived(): void;
}

/**
 * The receiving half of a socket: holds what came and nobody took yet, lets one consumer at a time take it, and has the
 * kernel read from as far as that consumer's limits allow. Until there is a consumer nothing is read at all.
 */
export class Receiver {
  /** What came and nobody took yet. */
  readonly queue: ReceiveQueue<OwnedFd>;
  readonly limits: ReceiveLimits;
  readonly host: ReceiverHost;
  readonly #handle: SocketHandle;
  #consumer: Consumer | undefined;
  #end: ReadEnd | undefined;
  #closed: { readonly error: Error | undefined } | undefined;
  /** The allowance in force: what was demanded, less what was read since. */
  #allowedBytes = 0;
  #allowedFds = 0;

  constructor(handle: SocketHandle, queue: ReceiveQueue<OwnedFd>, limits: ReceiveLimits, host: ReceiverHost) {
    this.#handle = handle;
    this.queue = queue;
    this.limits = limits;
    this.host = host;
  }

  /** Set once the kernel said that nothing follows what is queued. */
  get end(): ReadEnd | undefined {
    return this.#end;
  }

  /** Set once the socket is destroyed, with the error if there was one. */
  get closed(): { readonly error: Error | undefined } | undefined {
    return this.#closed;
  }

  /** Makes a consumer the one that reads. @throws ERR_FD_MODE while another one is */
  claim(consumer: Consumer): void {
    if (this.#consumer === consumer) return;
    if (this.#consumer !== undefined) {
      throw new AncillaryError(
        'ERR_FD_MODE',
        `the socket is being read by ${this.#consumer.name}; ${consumer.name} must wait until that is left`,
      );
    }
    this.#consumer = consumer;
  }

  /** Nobody reads, and nothing that was read waits. */
  get idle(): boolean {
    return this.#consumer === undefined && this.queue.length === 0;
  }

  isReading(consumer: Consumer): boolean {
    return this.#consumer === consumer;
  }

  /** Ends a consumer's turn. What it did not take stays for the next one. */
  release(consumer: Consumer): void {
    if (this.#consumer !== consumer) return;
    this.#consumer = undefined;
    this.update();
    this.host.left();
  }

  /** Takes in what one wake-up read. */
  read(segments: readonly Segment[], end: ReadEnd | undefined): void {
    if (end !== undefined) this.#end = end;
    this.#count(segments);
    try {
      if (this.#consumer?.receive?.(segments) !== true) this.#enqueue(segments);
    } finally {
      this.#advance();
    }
  }

  #count(segments: readonly Segment[]): void {
    let byteCount = 0;
    let fdCount = 0;
    for (const { bytes, fds } of segments) {
      byteCount += bytes.length;
      fdCount += fds.length;
    }
    this.#allowedBytes -= byteCount;
    this.#allowedFds = Math.max(0, this.#allowedFds - fdCount);
    this.host.received(byteCount, fdCount);
  }

  /** Lets the consumer take, and reads on, also when a listener of the user's threw: so does net. */
  #advance(): void {
    try {
      this.#consumer?.advance();
    } finally {
      this.update();
    }
  }

  #enqueue(segments: readonly Segment[]): void {
    for (const { bytes, fds, truncated } of segments) this.queue.push(bytes, fds, truncated);
    // What was there before this wake-up has been left lying by its consumer.
    this.queue.settle(segments.length);
  }

  /** Lets the kernel be read as far as the consumer wants now. */
  update(): void {
    if (this.#closed !== undefined) return;
    const demand = this.#end === undefined ? (this.#consumer?.demand() ?? NO_DEMAND) : NO_DEMAND;
    if (suffices(this.#allowedBytes, demand.bytes) && suffices(this.#allowedFds, demand.fds)) return;
    this.#handle.allowReading(demand.bytes, demand.fds);
    this.#allowedBytes = demand.bytes;
    this.#allowedFds = demand.fds;
  }

  /** After a consumer took something: reading goes on if it had paused. */
  taken(): void {
    if (this.#allowedBytes === 0 || this.#allowedFds === 0) this.update();
  }

  /** Closes what nobody took. Returns whether a consumer is told the error. */
  close(error: Error | undefined): boolean {
    this.#closed = { error };
    const range = { start: this.queue.start, end: this.queue.end };
    this.host.discard(this.queue.clear(), range, this.#end === 'eof' ? 'incomplete' : 'destroyed');
    return this.#consumer?.fail(error) ?? false;
  }
}

/** Whether what is allowed need not be renewed, which takes a call for each wake-up: it is no more, and not much less. */
function suffices(allowed: number, demanded: number): boolean {
  return allowed <= demanded && allowed >= MUCH * demanded;
}
