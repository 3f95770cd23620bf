import { finished } from 'node:stream/promises';
import { requireMethods } from '../binding';
import type { FdFrame, FdSocket, FrameCodec } from '../stream';

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
  /** Resolves when the kernel accepted the message; rejects as `FdSocket.send()` would or with what `encode` threw. */
  send(message: Out): Promise<void>;
  /** Sends what is queued, then closes the socket; resolves when it is closed. */
  close(): Promise<void>;
}

/**
 * Puts a codec over a socket, which it takes over: close the result instead.
 * A message that cannot be decoded destroys the socket, for its peer waits for an answer that nobody will give.
 * @throws TypeError for what is no FdSocket, or no codec with all three functions
 */
export function framed<In, Out>(socket: FdSocket, codec: FrameCodec<In, Out>): Framed<In, Out> {
  // A program in plain JavaScript may give anything, and would hear of it with the first message only.
  requireMethods('socket', 'an FdSocket', socket, ['frames', 'send']);
  requireMethods('codec', 'a FrameCodec', codec, ['measure', 'decode', 'encode']);
  return {
    socket,

    [Symbol.asyncIterator]() {
      const frames = socket.frames(codec);
      const messages: AsyncIterableIterator<In> = {
        [Symbol.asyncIterator]: () => messages,
        async next() {
          const { done, value: frame } = (await frames.next()) as IteratorResult<FdFrame, undefined>;
          if (done === true) return { done, value: undefined };
          try {
            return { done: false, value: codec.decode(frame) };
          } catch (error) {
            socket.destroy(error instanceof Error ? error : new Error(String(error)));
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

    async send(message) {
      const { bytes, fds, transfer = false } = codec.encode(message);
      await socket.send(bytes, fds, { transfer });
    },

    async close() {
      if (socket.destroyed) return;
      const closed = new Promise<void>((resolve) => socket.once('close', resolve));
      socket.end();
      // Whatever ends the sending side, the socket is closed next; a failure rejected the promises of the messages it hit.
      await finished(socket, { readable: false }).catch(() => undefined);
      socket.destroy();
      await closed;
    },

    [Symbol.asyncDispose]() {
      return this.close();
    },
  };
}
