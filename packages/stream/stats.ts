import type { Duplex } from 'node:stream';
import type { ByteRange, Segment } from '../binding';
import {
  type DiscardReason,
  fdsDiscarded,
  frameReceived,
  frameSent,
  segmentReceived,
  waitBegan,
  type WaitReason,
} from './diagnostics';
import type { FdFrame } from './frame';

/**
 * Running totals of one socket: what the kernel delivered and accepted so far. What is counted here is published on the
 * diagnostics channels, too.
 */
export class SocketStats {
  bytesRead = 0;
  bytesWritten = 0;
  /** Descriptors the kernel delivered. */
  fdsReceived = 0;
  /** Descriptors the kernel accepted. */
  fdsSent = 0;
  /** Received descriptors that were closed without reaching anyone; each was reported by the event 'discarded'. */
  fdsClosed = 0;
  /** Frames that `frames()`, `forEachFrame()` and `receive()` returned. */
  framesReceived = 0;
  /** Frames whose last byte the kernel accepted: one for each `send()` and each chunk written. */
  framesSent = 0;
  readonly #socket: Duplex;
  #onTraffic: (() => void) | undefined;

  /** @internal */
  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /**
   * Calls back whenever bytes were received or sent, from now on.
   * @internal
   */
  onTraffic(callback: (() => void) | undefined): void {
    this.#onTraffic = callback;
  }

  /** @internal */
  received(segments: readonly Segment[], bytes: number, fds: number): void {
    this.bytesRead += bytes;
    this.fdsReceived += fds;
    if (segmentReceived.hasSubscribers) this.#publish(segments);
    this.#onTraffic?.();
  }

  /** @internal */
  accepted(bytes: number, fds: number): void {
    this.bytesWritten += bytes;
    this.fdsSent += fds;
    this.#onTraffic?.();
  }

  /** @internal */
  frameReceived(frame: FdFrame): void {
    this.framesReceived++;
    if (frameReceived.hasSubscribers) frameReceived.publish({ socket: this.#socket, frame });
  }

  /** @internal */
  frameSent(bytes: number, fds: number): void {
    this.framesSent++;
    if (frameSent.hasSubscribers) frameSent.publish({ socket: this.#socket, bytes, fds });
  }

  /** @internal */
  discarded(count: number, range: ByteRange, reason: DiscardReason): void {
    this.fdsClosed += count;
    if (fdsDiscarded.hasSubscribers) fdsDiscarded.publish({ socket: this.#socket, count, range, reason });
  }

  /** @internal */
  waits(reason: WaitReason): void {
    if (waitBegan.hasSubscribers) waitBegan.publish({ socket: this.#socket, reason });
  }

  #publish(segments: readonly Segment[]): void {
    for (const { bytes, fds, truncated } of segments) {
      segmentReceived.publish({ socket: this.#socket, bytes: bytes.length, fds: fds.length, truncated });
    }
  }
}
