import type { SendPart } from '../../binding';
import { Fifo } from '../fifo';
import { SCM_MAX_FD } from '../limits/scm-max-fd';
import { lostBytes } from './lost-bytes';

/** A sendmsg with more fails with EINVAL (docs/kernel.md 14). */
export const MAX_FDS_PER_SENDMSG = SCM_MAX_FD;

/** A frame on its way out. */
export interface OutgoingFrame {
  readonly bytes: Uint8Array;
  /** What follows `bytes`, if anything, and how long all of it was when it was given. None is empty. */
  readonly pieces?: readonly Uint8Array[] | undefined;
  readonly whole?: number | undefined;
  /** In groups of {@link fdsPerSend}: group i rides on byte i of the frame. */
  fds: readonly number[];
  /** The most descriptors of one sendmsg; default as many as the kernel takes. */
  readonly fdsPerSend?: number | undefined;
  /** Bytes the kernel accepted; the queue counts them. */
  sent: number;
}

/** The fewest bytes that can carry so many descriptors: one for each group, since bytes are what they ride on. */
export function bytesNeededFor(fdCount: number, fdsPerSend = MAX_FDS_PER_SENDMSG): number {
  return Math.ceil(fdCount / fdsPerSend);
}

/** How long a frame is: less than it was, or 0, when memory of it went away. */
export function lengthOf({ bytes, pieces }: Pick<OutgoingFrame, 'bytes' | 'pieces'>): number {
  if (pieces === undefined) return bytes.length;
  return pieces.reduce((length, piece) => length + piece.length, bytes.length);
}

/** Whether descriptors of the frame have not left yet. */
export function holdsFds(frame: OutgoingFrame): boolean {
  return frame.sent < bytesNeededFor(frame.fds.length, frame.fdsPerSend);
}

/** How many descriptors of the frame have left: those of group i with byte i. */
function fdsGone({ fds, sent, fdsPerSend = MAX_FDS_PER_SENDMSG }: OutgoingFrame): number {
  return Math.min(fds.length, sent * fdsPerSend);
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
      bytes += lengthOf(frame) - frame.sent;
    }
    return parts;
  }

  /** Counts bytes that the kernel accepted of what {@link plan} gave. Returns the frames that are complete now. */
  accept(bytes: number): Frame[] {
    let complete = 0;
    let remaining = bytes;
    for (let frame = this.#frames.front; frame !== undefined && remaining > 0; frame = this.#frames.at(complete)) {
      const length = lengthOf(frame);
      const counted = Math.min(remaining, length - frame.sent);
      if (frame.fds.length > 0) this.fdsAccepted -= fdsGone(frame);
      frame.sent += counted;
      if (frame.fds.length > 0) this.fdsAccepted += fdsGone(frame);
      remaining -= counted;
      if (frame.sent < length) break;
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

/** Whether memory of it went away: where nothing is left to send, it would not wait. */
export function isLost(frame: OutgoingFrame): boolean {
  return frame.pieces === undefined ? frame.bytes.length <= frame.sent : lengthOf(frame) !== frame.whole;
}

function planFrame(frame: OutgoingFrame, parts: SendPart[]): void {
  const { fds, fdsPerSend = MAX_FDS_PER_SENDMSG } = frame;
  // A frame of which nothing left is a part itself.
  if (frame.sent === 0 && fds.length <= fdsPerSend) {
    parts.push(frame);
    return;
  }
  const groups = bytesNeededFor(fds.length, fdsPerSend);
  const groupAt = (at: number): readonly number[] => fds.slice(at * fdsPerSend, (at + 1) * fdsPerSend);
  let at = frame.sent;
  for (; at < groups - 1; at++) parts.push(stretch(frame, at, at + 1, groupAt(at)));
  parts.push(stretch(frame, at, Infinity, at < groups ? groupAt(at) : NO_FDS));
}

/** The bytes of a frame from one offset to another. */
function stretch({ bytes, pieces }: OutgoingFrame, start: number, end: number, fds: readonly number[]): SendPart {
  if (pieces === undefined) return { bytes: bytes.subarray(start, Math.min(end, bytes.length)), fds };
  const found: Uint8Array[] = [];
  let before = 0;
  for (const piece of [bytes, ...pieces]) {
    const from = Math.max(0, start - before);
    const to = Math.min(piece.length, end - before);
    if (from < to) found.push(piece.subarray(from, to));
    before += piece.length;
  }
  const [first = bytes, ...others] = found;
  return { bytes: first, pieces: others, fds };
}
