import { finished } from 'node:stream/promises';
import { type OptionNames, requireMethods, requireOptions, wrongNumber } from '../binding';
import { AcknowledgedFrames } from './acknowledged/frames';
import { encode } from './encoded';
import {
  acknowledgingOf,
  asError,
  type CodecFactory,
  codecOf,
  type FdFrame,
  type FdSocket,
  type FrameCodec,
  framesFor,
  type ReadOptions,
  sendFrame,
  type SendOptions,
  signalOf,
} from '../stream';

/** How long `close()` takes at most, in milliseconds, unless it is told otherwise. */
const CLOSE_TIMEOUT_MS = 5000;
/** Node's timers count no further. */
const LONGEST_TIMEOUT_MS = 0x7fffffff;

/** How to close a {@link Framed}. */
export interface CloseOptions {
  /** Milliseconds in which what is queued must leave; default 5000. With Infinity, however long the peer does not read. */
  readonly timeout?: number | undefined;
}

/** How to send a message. Which descriptors are given away the codec says. */
export type FramedSendOptions = Pick<SendOptions, 'signal'>;

const CLOSE_OPTIONS: OptionNames<CloseOptions> = { timeout: true };

/**
 * A socket as a stream of messages in both directions: what an RPC framework builds on. When it fails, everyone who
 * waits, for a message or for one to be sent, gets the same reason.
 */
export interface Framed<In, Out = In> extends AsyncIterable<In>, AsyncDisposable {
  /** The socket under it, for its credentials, events and totals. */
  readonly socket: FdSocket;
  /**
   * The messages received. The caller owns the descriptors that a message keeps. Leaving the loop leaves the connection
   * open for another one; the loop ends with the stream, and rejects as `frames()` would or with what `decode` threw. It
   * ends quietly, even inside a message, when you destroy the socket yourself.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<In>;
  /**
   * Resolves when the kernel accepted the message; rejects as `FdSocket.send()` would or with what `encode` threw, which closes
   * nothing, whatever the message says of `transfer`: only what `give()` gave away is closed. The signal
   * takes the message back as long as no byte of it was accepted. With `lengthPrefixed({ acknowledge })` it resolves when the
   * peer has the message and its descriptors, which are kept until then. It rejects with ERR_FD_UNACKNOWLEDGED when the
   * connection ends first, as it does by `sendTimeout` of the socket where nothing is acknowledged, and with ERR_FD_MODE, having
   * sent nothing, while the socket is read in another way.
   */
  send(message: Out, options?: FramedSendOptions): Promise<void>;
  /**
   * Sends what is queued, then closes the socket; resolves when it is closed. What the peer has not read when the timeout is
   * over, its `send()` rejects with ERR_FD_CLOSED.
   * @throws TypeError and RangeError for options
   */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Puts a codec over a socket: close the result instead of that. While nobody loops over its messages, the socket can be read in
 * another way.
 * A message that cannot be decoded destroys the socket, for its peer waits for an answer that nobody will give.
 * What reads the socket in another way goes on, and messages can be read once that is left.
 * @param options with `signal`, loops over its messages give up when that aborts, as `frames()` does: the connection stays
 * open, and `send()` goes on. `framed()` once more, of the same socket, codec and no signal, reads on, except where messages are acknowledged
 * @throws TypeError for what is no FdSocket, or no codec with its functions, and for options; what a factory throws
 */
export function framed<In, Out>(
  socket: FdSocket,
  given: FrameCodec<In, Out> | CodecFactory<In, Out>,
  options?: ReadOptions,
): Framed<In, Out> {
  // A program in plain JavaScript may give anything, and would hear of it with the first message only.
  requireMethods('socket', 'an FdSocket, which adopt() makes of a net.Socket', socket, ['frames', 'send']);
  const signal = signalOf('framed()', options);
  const codec = codecOf(socket, given, ['measure', 'decode']);
  const reading: FrameSource = { frames: (by, until) => socket[framesFor]('framed()', by, until) };
  return messagesOf(reading, socket, codec, signal);
}

/** Reads frames: a socket, or for whoever took it over, what reads it. */
interface FrameSource {
  frames(codec: FrameCodec<unknown, never>, signal?: AbortSignal): AsyncIterableIterator<FdFrame>;
}

/** {@link framed} */
export function messagesOf<In, Out>(
  reading: FrameSource,
  socket: FdSocket,
  codec: FrameCodec<In, Out>,
  signal?: AbortSignal,
): Framed<In, Out> {
  const by = acknowledgingOf(codec);
  const acknowledged = by && new AcknowledgedFrames(socket, reading.frames(codec), by, codec.fdsPerSend);
  return {
    socket,

    [Symbol.asyncIterator]() {
      const frames = acknowledged?.frames(signal) ?? reading.frames(codec, signal);
      const messages: AsyncIterableIterator<In> = {
        [Symbol.asyncIterator]: () => messages,
        async next() {
          const { done, value: frame } = (await frames.next()) as IteratorResult<FdFrame, undefined>;
          if (done === true) return { done, value: undefined };
          try {
            return { done: false, value: codec.decode(frame) };
          } catch (error) {
            socket.destroy(asError(error));
            acknowledged?.close();
            throw error;
          } finally {
            frame.close();
          }
        },
        async return() {
          await frames.return?.();
          return { done: true, value: undefined };
        },
      };
      return messages;
    },

    send(message, options) {
      try {
        const withdrawn = signalOf('send()', options);
        const encoded = encode(codec, message);
        if (acknowledged !== undefined) return acknowledged.send(encoded, withdrawn);
        // The very promise of the socket, which knows whether a failure is told in another way.
        return socket[sendFrame](encoded, { signal: withdrawn, fdsPerSend: codec.fdsPerSend });
      } catch (error) {
        return new Promise(() => {
          throw error;
        });
      }
    },

    async close(options) {
      const timeout = timeoutOf(options);
      if (socket.destroyed) {
        acknowledged?.close();
        return;
      }
      const closed = new Promise<void>((resolve) => socket.once('close', resolve));
      const timer = timeout === Infinity ? undefined : setTimeout(() => socket.destroy(), timeout);
      if (acknowledged !== undefined) await acknowledged.finish();
      socket.end();
      // Whatever ends the sending side, the socket is closed next; a failure rejected the promises of the messages it hit.
      await finished(socket, { readable: false }).catch(() => undefined);
      clearTimeout(timer);
      socket.destroy();
      await closed;
      acknowledged?.close();
    },

    [Symbol.asyncDispose]() {
      return this.close();
    },
  };
}

/** @throws TypeError and RangeError */
export function timeoutOf(options: CloseOptions = {}): number {
  requireOptions('close()', options, CLOSE_OPTIONS);
  const timeout: unknown = options.timeout ?? CLOSE_TIMEOUT_MS;
  if (typeof timeout === 'number' && timeout >= 0 && (timeout <= LONGEST_TIMEOUT_MS || timeout === Infinity))
    return timeout;
  throw wrongNumber('timeout is 0 to 2^31 - 1 milliseconds, or Infinity', timeout);
}
