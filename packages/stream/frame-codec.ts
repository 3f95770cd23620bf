import type { FdLike } from './fd-like';
import type { FdFrame } from './frame';

/** What {@link FrameCodec.measure} knows of the frame at the front. */
export type Measured =
  /** More bytes are wanted: `need` in all before asking again; `scanned`: how far a search for the end got. */
  | { readonly need: number; readonly scanned?: number | undefined }
  /**
   * The frame is `length` bytes long, header included, and its own descriptors are so many, or those `'attached'` to
   * its bytes.
   */
  | { readonly length: number; readonly fds: number | 'attached' };

/**
 * `measure` without a view for each frame: the frame begins at `start` in `memory`. What stands before it is not to be
 * looked at, and `need` and `scanned` count from `start`.
 */
export type MeasureAt = (memory: Uint8Array, start: number, scanned: number) => Measured;

/**
 * How messages are laid out in the stream. Pure: it does no I/O and keeps no state between calls.
 *
 * @typeParam In what {@link decode} makes of a frame
 * @typeParam Out what {@link encode} takes; `never` for a codec that is only read with
 */
export interface FrameCodec<In, Out = In> {
  /**
   * How long is the frame at the front, and which descriptors are its own? The function may have a property `at`, a
   * {@link MeasureAt}, which is then called instead where it can be: that saves a view for each frame.
   *
   * @param buffered bytes from the frame's first one on: at least what `need` asked for last, none at first, often more
   * @param scanned what was returned as `scanned` last for this frame; 0 at first
   * @throws whatever makes the stream unreadable, such as ERR_FRAME_TOO_LARGE: the socket is destroyed with it
   */
  measure(buffered: Uint8Array, scanned: number): Measured;
  /** Makes a message of a whole frame. `framed()` closes the frame afterwards: take out of it what the message keeps. */
  decode(frame: FdFrame): In;
  /** The frame to send, header included; with `transfer` the descriptors are closed when sent or failed. */
  encode(message: Out): { bytes: Uint8Array; fds?: readonly FdLike[] | undefined; transfer?: boolean | undefined };
  /**
   * `'bounded'`: never read past the end of the frame in hand. Exact for every sender whose sendmsg has descriptors of one
   * frame only.
   * `'greedy'`: big reads, exact for every sender whose descriptor-bearing sendmsg holds bytes of the owning frame only.
   * Default: bounded while frames are measured with `fds: 'attached'`, greedy while they are measured with a count.
   */
  readonly reads?: 'bounded' | 'greedy' | undefined;
  /**
   * `'own'` (default): a counted frame's descriptors are exactly those anchored in it. `'early'`: they are the next ones
   * in arrival order, for senders that let descriptors ride ahead of their frame.
   */
  readonly descriptors?: 'own' | 'early' | undefined;
}
