import { describeValue, invalidType, type OptionNames, requireObject, requireOptions } from '../binding';
import {
  type CodecFactory,
  codecOf,
  type EncodedFrame,
  type FdFrame,
  type FdSocket,
  type FrameCodec,
  requireSignal,
} from '../stream';
import type { Side } from './side';

/**
 * A frame in place of the one that came, as codecs encode them. Its descriptors may be those of the frame that came, which are
 * closed in any case, others, which are borrowed unless `transfer` says otherwise, or both.
 */
export type ChangedFrame = EncodedFrame;

/** What is known of a frame that passes. */
export interface Passing<In> {
  /** The connection that it came from. */
  readonly side: Side;
  /** Both connections, as {@link forward} was given them: in a proxy that of the client, whose credentials it has, and the other. */
  readonly from: FdSocket;
  readonly to: FdSocket;
  /**
   * The message that the codec makes of it; undefined without a codec. Its descriptors are the frame's, to be looked at: they are
   * passed on, and closed afterwards.
   */
  readonly message: () => In;
}

/** Nothing: it is passed on as it came. */
// Most look only, and return what console.log() does.
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type
export type Verdict = ChangedFrame | false | void;

/** What reads a connection, as frames() takes it. */
type Codec<In> = FrameCodec<In, never> | CodecFactory<In, never>;

/** How frames are passed on. */
export interface ForwardOptions<In = unknown> {
  /**
   * Cuts messages out of both directions, or of each with one of its own, by the connection that is read. Without a codec what
   * was read at once is passed on at once.
   */
  readonly codec?: Codec<In> | { readonly from: Codec<In>; readonly to: Codec<In> } | undefined;
  /**
   * Called with each frame before it is passed on. Returns nothing to pass it as it came, a {@link ChangedFrame} to send instead, or
   * `false` to keep it back: it is closed, and the next one follows. Where it returns a promise, that direction waits. What it
   * throws ends both connections.
   */
  readonly seen?: ((frame: FdFrame, passing: Passing<In>) => Verdict | Promise<Verdict>) | undefined;
  /** Closes both connections at once; rejects with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

export const FORWARD_OPTIONS: OptionNames<ForwardOptions> = { codec: true, seen: true, signal: true };

/** @throws TypeError */
export function requireForwardOptions<In>(options: ForwardOptions<In>): void {
  requireOptions('forward()', options, FORWARD_OPTIONS);
  requirePassing(options);
}

/** What a proxy takes, too. @throws TypeError */
export function requirePassing<In>({ codec, seen, signal }: ForwardOptions<In>): void {
  requireSignal(signal);
  if (seen !== undefined && typeof seen !== 'function')
    throw invalidType(`seen is a function that takes a frame, not ${describeValue(seen)}`);
  // What it is of, each connection looks at.
  if (codec !== undefined && typeof codec !== 'function') requireObject('codec', codec);
}

/** The codec that one of the two is read with. @throws TypeError; what a factory throws */
export function decoderOf<In>(
  codec: ForwardOptions<In>['codec'],
  side: Side,
  socket: FdSocket,
  forwardedTo: FdSocket,
): FrameCodec<In, never> | undefined {
  if (codec === undefined) return undefined;
  const own = 'from' in codec && 'to' in codec ? codec[side] : codec;
  return codecOf(socket, own, ['measure', 'decode'], forwardedTo);
}
