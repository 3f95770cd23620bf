import type { ByteRange, OwnedFd } from '../binding';

/** Why descriptors that arrived were closed without reaching anyone. */
export type DiscardReason =
  /** Bytes were read as 'data' and nobody listened to 'fds'. */
  | 'no-listener'
  /** More than the frame declared or `maxFdsPerFrame` allows. */
  | 'surplus'
  /** Of a frame that lost others to truncation. */
  | 'truncated'
  /** Of a frame that came with fewer than it declared. */
  | 'missing'
  /** The stream ended inside their frame, or they belonged to none. */
  | 'incomplete'
  /** The socket was destroyed before anyone took them. */
  | 'destroyed';

/** What the event 'discarded' tells. */
export interface Discarded {
  readonly count: number;
  /** The frame or the stretch of the stream that they came with. */
  readonly range: ByteRange;
  readonly reason: DiscardReason;
}

/** Where a reader's descriptors go that it must not hand out. */
export interface Discarder {
  readonly discard: Discard;
}

/** Closes descriptors and reports them; the only way by which received ones are closed unseen by the user. */
export type Discard = (fds: readonly OwnedFd[], range: ByteRange, reason: DiscardReason) => void;
