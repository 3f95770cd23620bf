import type { FdLike } from './fd-like';
import type { FdFrame } from './frame';

/** What {@link FrameDecoder.measure} knows of the frame at the front. */
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

/** A descriptor comes at most so many bytes before the first byte of its frame. */
export interface Ahead {
  readonly ahead: number;
}

/** A frame to send. */
export interface EncodedFrame {
  /** The frame, header included; several pieces are sent one after the other, and are one frame all the same. */
  readonly bytes: Uint8Array | readonly Uint8Array[];
  /** Its descriptors, which ride on its first byte. They are borrowed. */
  readonly fds?: readonly FdLike[] | undefined;
  /** Close them when sent or failed: all, or each for which it is true. */
  readonly transfer?: boolean | readonly boolean[] | undefined;
}

/**
 * The half of a codec that frames are read with.
 *
 * @typeParam In what {@link decode} makes of a frame
 */
export interface FrameDecoder<In> {
  /**
   * How long is the frame at the front, and which descriptors are its own? It may be asked ahead and again, also by another
   * way of reading, so it changes nothing: what a codec remembers belongs in {@link cut}.
   *
   * The function may have a property `at`, a {@link MeasureAt}, which is then called instead where it can be: that saves a
   * view for each frame.
   *
   * @param buffered bytes from the frame's first one on: at least what `need` asked for last, none at first, often more
   * @param scanned what was returned as `scanned` last for this frame; 0 at first
   * @throws whatever makes the stream unreadable, such as ERR_FRAME_TOO_LARGE: the socket is destroyed with it
   */
  measure(buffered: Uint8Array, scanned: number): Measured;
  /** Makes a message of a whole frame. `framed()` closes the frame afterwards: take out of it what the message keeps. */
  decode(frame: FdFrame): In;
  /**
   * Called once for each frame, in order, before the next one is measured: the place for what a codec remembers of a
   * connection. A codec that has it belongs to one connection, so a CodecFactory makes it.
   *
   * @param frame its bytes, header included; borrowed until this returns
   * @throws whatever makes the stream unreadable: the socket is destroyed with it
   */
  cut?(frame: Uint8Array): void;
  /**
   * `'bounded'`: never read past the end of the frame in hand. `'greedy'`: big reads; frames with `fds: 'attached'` are read
   * one by one where descriptors are about to come, on kernels that show it.
   * Default: bounded while frames are measured with `fds: 'attached'`, greedy while they are measured with a count.
   *
   * Both are exact for every sender whose sendmsg with descriptors has bytes of the owning frame only. Where it has bytes of
   * other frames too, a count that does not match what came is an error. `'attached'` frames are all `ambiguous` then, and
   * the one in which the sendmsg begins gets the descriptors, or with greedy reads the one in which it ends.
   */
  readonly reads?: 'bounded' | 'greedy' | undefined;
  /**
   * `'own'` (default): a counted frame's descriptors are exactly those anchored in it. `'early'`: they are the next ones
   * in arrival order, for senders that let descriptors ride ahead of their frame. `{ ahead }`: those, but none that came
   * more than so many bytes before the frame: older ones, and what is left at the end of the stream, are ERR_FD_SURPLUS. A
   * codec that says any of these declares a count for each frame.
   */
  readonly descriptors?: 'own' | 'early' | Ahead | undefined;
}

/**
 * The half of a codec that frames are sent with.
 *
 * @typeParam Out what {@link encode} takes
 */
export interface FrameEncoder<Out> {
  /**
   * The frame to send, header included.
   * @throws whatever makes the message one that cannot be sent: nothing is sent then, and nothing closed, as of wrong arguments
   */
  encode(message: Out): EncodedFrame;
  /** The most descriptors that the peer's recvmsg has room for; default 253, the kernel's own limit. */
  readonly fdsPerSend?: number | undefined;
}

/**
 * How messages are laid out in the stream. It does no I/O, and keeps no state between calls, but for what
 * {@link FrameDecoder.cut} is for.
 *
 * @typeParam In what `decode` makes of a frame
 * @typeParam Out what `encode` takes; `never` for a codec that is only read with, which then needs no `encode`
 */
export type FrameCodec<In, Out = In> = FrameDecoder<In> &
  ([Out] extends [never] ? Partial<FrameEncoder<never>> : FrameEncoder<Out>);

/** What a codec is made for. */
export interface CodecConnection<Socket> {
  readonly socket: Socket;
  /** In `forward()` the other connection, with whose codec this one may share what it remembers. */
  readonly forwardedTo?: Socket | undefined;
}

/** Makes the codec of a connection over a socket of this kind: see CodecFactory. */
export type CodecMaker<Socket, In, Out = In> = (connection: CodecConnection<Socket>) => FrameCodec<In, Out>;
