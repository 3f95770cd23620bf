import { describeValue, invalidType, outOfRange } from '../../../binding';

/** How long a peer may keep us waiting. */
export interface DeadlineOptions {
  /**
   * Milliseconds in which a frame must come whole once its first byte or descriptor has, for `frames()`, `forEachFrame()`,
   * `receive()` and all that is built on them. Only the time counts in which somebody waits for the frame, and nobody's own
   * pauses. Then the socket is destroyed with ERR_FRAME_TIMEOUT, and what came of the frame is closed.
   *
   * By default frames that hold descriptors have 150,000, as in dbus-daemon, and others as long as they take. A number holds
   * for all frames; Infinity is as long as they take.
   */
  frameTimeout?: number | undefined;
  /**
   * Milliseconds in which the peer must let something be sent while something waits. Then the socket is destroyed, and what
   * waits fails, with ERR_SEND_TIMEOUT. Default: as long as it takes, as in net. Where `framed()` has messages acknowledged, the
   * peer must also acknowledge one while some wait for it.
   */
  sendTimeout?: number | undefined;
}

export interface FrameTimeout {
  readonly milliseconds: number;
  /** Whether it holds for frames without descriptors, too. */
  readonly ofBytes: boolean;
}

/** Deadlines that were asked for. */
export interface DeadlineLimits {
  readonly frameTimeout?: FrameTimeout | undefined;
  readonly sendTimeout?: number | undefined;
}

/** Where none was asked for: `pending_fd_timeout` of dbus-daemon. */
export const DEFAULT_FRAME_TIMEOUT: FrameTimeout = { milliseconds: 150_000, ofBytes: false };

/** @throws TypeError and RangeError */
export function deadlineLimits({ frameTimeout, sendTimeout }: DeadlineOptions): DeadlineLimits {
  requireDeadline('frameTimeout', frameTimeout);
  requireDeadline('sendTimeout', sendTimeout);
  const ofFrames = frameTimeout === undefined ? undefined : { milliseconds: frameTimeout, ofBytes: true };
  return { frameTimeout: ofFrames, sendTimeout: sendTimeout === Infinity ? undefined : sendTimeout };
}

function requireDeadline(name: string, given: unknown): void {
  if (given === undefined) return;
  const message = `${name} is a number of milliseconds above 0, or Infinity for none, not ${describeValue(given)}`;
  if (typeof given !== 'number') throw invalidType(message);
  if (!(given > 0)) throw outOfRange(message);
}
