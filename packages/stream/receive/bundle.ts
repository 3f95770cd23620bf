import type { Anchor, ByteRange, Segment } from '../../binding';

/** Whether descriptors are missing: the kernel dropped them (MSG_CTRUNC), or there are too many already (`'quota'`). */
export type Truncation = boolean | 'quota';

/** What one recvmsg returned, as far as it may be kept. */
export interface KeptSegment extends Omit<Segment, 'truncated'> {
  readonly truncated: Truncation;
}

/** The only segment of a wake-up, where it brought nothing but bytes. */
export function lonePlain(segments: readonly KeptSegment[]): KeptSegment | undefined {
  const [only] = segments;
  const plain = only !== undefined && segments.length === 1 && only.fds.length === 0 && only.truncated === false;
  return plain ? only : undefined;
}

/** The descriptors of one sendmsg, as one recvmsg delivered them. */
export interface Bundle<Fd> {
  /** Those not claimed yet, in the sender's order. */
  fds: Fd[];
  /** The bytes that came with them: which of these the sender attached them to is known only by the anchor. */
  readonly window: ByteRange;
  /** Whether some are missing after these. */
  readonly truncated: Truncation;
}

/** A bundle in the queue, with what is known of it there. */
export interface FdBundle<Fd> extends Bundle<Fd> {
  readonly anchor: Anchor;
  /** Where their message ends, as far as is known: not before the window does. */
  readonly reach: number;
  /** How many of its descriptors were taken by {@link ReceiveQueue.claimBeyond}, if any. */
  closedEarly: number | undefined;
}

/** The descriptors a frame gets, and what is known about them. */
export interface Claim<Fd> {
  readonly fds: Fd[];
  /** A bundle that the frame drew on, or would have had to, was truncated. */
  readonly truncated: Truncation;
  /** Where the last message ends, as far as is known, that some of them came with. */
  readonly reach: number;
  /** A message that some of them came with began before the frame: what was read of it is another's. */
  readonly begunBefore: boolean;
  /** How many more there would be, had they not been surplus while the frame was incomplete; if any. */
  readonly closedEarly?: number | undefined;
}

/** What is put together step by step. */
export type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The last byte that a message with descriptors is known to have; where kernels show only its first one, that. */
export function endingOffset({ window, reach, anchor }: FdBundle<unknown>): number {
  return anchor === 'last-byte' ? reach - 1 : window.start;
}

/** The byte of its window that surely belongs to a bundle. */
export function anchorOffset(bundle: FdBundle<unknown>): number {
  return anchorOf(bundle.window, bundle.anchor);
}

/** The byte of a window that surely belongs to its descriptors. */
export function anchorOf(window: ByteRange, anchor: Anchor): number {
  return anchor === 'last-byte' ? window.end - 1 : window.start;
}
