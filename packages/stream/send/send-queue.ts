import type { SendPart } from '../../binding';
import { Fifo } from '../fifo';
import { lostBytes } from './lost-bytes';

/** SCM_MAX_FD: a sendmsg with more fails with EINVAL (docs/kernel.md 14). */
export const MAX_FDS_PER_SENDMSG = 253;

/** A frame on its way out. */
export interface OutgoingFrame {
  readonly bytes: Uint8Array;
  /** In groups of 253: group i rides on byte i of the frame. */
  fds: readonly number[];
  /** Bytes the kernel accepted; the queue counts them. */
  sent: number;
}

/** The fewest bytes that can carry so many descriptors: one for each group, since bytes are what they ride on. */
export function bytesNeededFor(fdCount: number): number {
  return Math.ceil(fdCount / MAX_FDS_PER_SENDMSG);
}

/** Whether descriptors of the frame have not left yet. */
export function holdsFds(frame: OutgoingFrame): boolean {
  return frame.sent < bytesNeededFor(frame.fds.length);
}

/** How many descriptors of the frame have left: those of group i with byte i. */
function fdsGone({ fds, sent }: OutgoingFrame): number {
  return Math.min(fds.length, sent * MAX_FDS_PER_SENDMSG);
}

const NO_FDS: readonly number[] = [];
/** Enough to fill the kernel's send buffer with; planning more than it takes would be done again and again. */
const MAX_PARTS = 256;
const MAX_BYTES = 256 * 1024;

/**
 * What leaves in which sendmsg. A sendmsg that carries descriptors carries bytes of their frame only, so that a
 * receiver can infer whose they are; they leave with its first byte, however few bytes the kernel accepts
 * (docs/kernel.md 17, 18), so what was counted as sent says which are gone: they leave once.
 */
export class SendQueue<Frame extends OutgoingFrame> {
  readonly #frames = new Fifo<Frame>();
  /** Descriptors that have left, of all frames that were ever in the queue. */
  fdsAccepted = 0;

  get length(): number {
    return this.#frames.length;
  }

  get front(): Frame | undefined {
    return this.#frames.front;
  }

  /** The frame at the front if its bytes are gone, since its ArrayBuffer was detached or resized. */
  get lost(): Frame | undefined {
    const { front } = this;
    return front !== undefined && isLost(front) ? front : undefined;
  }

  /** The frames in the queue for which the condition holds. */
  filter(condition: (frame: Frame) => boolean): Frame[] {
    return [...this.#frames].filter(condition);
  }

  /** The newest frames, so many at most. */
  last(count: number): Frame[] {
    return this.#frames.last(count);
  }

  /** Appends a frame of at least one byte, and of at least {@link bytesNeededFor} its descriptors. */
  push(frame: Frame): void {
    this.#frames.push(frame);
  }

  /**
   * The next parts to send, in order; empty when nothing is queued. Changes nothing. Some are the frames themselves, so all
   * are good until {@link accept} only.
   * @throws ERR_INVALID_STATE when the bytes of the frame at the front are gone: ask {@link lost} first
   */
  plan(): SendPart[] {
    const parts: SendPart[] = [];
    for (let index = 0, bytes = 0; parts.length < MAX_PARTS && bytes < MAX_BYTES; index++) {
      const frame = this.#frames.at(index);
      if (frame === undefined) break;
      if (isLost(frame)) {
        if (parts.length > 0) break;
        throw lostBytes();
      }
      planFrame(frame, parts);
      bytes += frame.bytes.length - frame.sent;
    }
    return parts;
  }

  /** Counts bytes that the kernel accepted of what {@link plan} gave. Returns the frames that are complete now. */
  accept(bytes: number): Frame[] {
    let complete = 0;
    let remaining = bytes;
    for (let frame = this.#frames.front; frame !== undefined && remaining > 0; frame = this.#frames.at(complete)) {
      const counted = Math.min(remaining, frame.bytes.length - frame.sent);
      if (frame.fds.length > 0) this.fdsAccepted -= fdsGone(frame);
      frame.sent += counted;
      if (frame.fds.length > 0) this.fdsAccepted += fdsGone(frame);
      remaining -= counted;
      if (frame.sent < frame.bytes.length) break;
      complete++;
    }
    return this.#frames.shiftFirst(complete);
  }

  /** Takes a frame out of which no byte was accepted. Returns false, and leaves it, when one was or it is not queued. */
  withdraw(frame: Frame): boolean {
    return frame.sent === 0 && this.#frames.remove(frame);
  }

  /** Empties the queue. */
  clear(): Frame[] {
    return this.#frames.clear();
  }
}

/** Where nothing is left to send, the queue would not hold it. */
function isLost(frame: OutgoingFrame): boolean {
  return frame.bytes.length <= frame.sent;
}

function planFrame(frame: OutgoingFrame, parts: SendPart[]): void {
  const { bytes, fds } = frame;
  // A frame of which nothing left is a part itself.
  if (frame.sent === 0 && fds.length <= MAX_FDS_PER_SENDMSG) {
    parts.push(frame);
    return;
  }
  const groups = bytesNeededFor(fds.length);
  let at = frame.sent;
  for (; at < groups - 1; at++) {
    parts.push({ bytes: bytes.subarray(at, at + 1), fds: fdGroup(fds, at) });
  }
  parts.push({ bytes: bytes.subarray(at), fds: at < groups ? fdGroup(fds, at) : NO_FDS });
}

function fdGroup(fds: readonly number[], index: number): readonly number[] {
  return fds.slice(index * MAX_FDS_PER_SENDMSG, (index + 1) * MAX_FDS_PER_SENDMSG);
}
