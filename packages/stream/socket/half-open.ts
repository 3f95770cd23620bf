import type { Duplex } from 'node:stream';
import { systemError } from '../../binding';
import { nextTick } from '../later';

/** Has sending fail alone: see FdSocket. */
export const failSendingAlone = Symbol('failSendingAlone');

/** Whether nothing can be sent any more, while what the peer sent before it went is read: see {@link Lifetime}. */
export const sendingFailed = Symbol('sendingFailed');

type WriteCallback = (error?: Error | null) => void;

/** For a Duplex that ends its sending side with the peer's: later writes fail with EPIPE, as in net. */
export function endWithPeer(socket: Duplex): void {
  socket.once('end', () => {
    refuseAfterEnd(socket, (tell) => {
      const error = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' });
      if (tell !== undefined) nextTick(tell, error);
      socket.destroy(error);
    });
  });
}

/**
 * Ends the sending side of a socket whose peer is gone. Later writes fail as the kernel would have it, in their callback
 * alone, as on any closed stream: it closes in a moment. Emitted, the error would fail each TLS connection whose peer closes
 * first, for TLS still says goodbye then.
 */
export function endForPeer(socket: Duplex): void {
  refuseAfterEnd(socket, (tell) => {
    if (tell !== undefined) nextTick(tell, peerGone());
    socket.destroy();
  });
  socket.end();
}

/** What sending fails with when the peer has closed the socket, whether the kernel was asked or not. */
export function peerGone(): Error {
  return systemError('EPIPE', 'sendmsg', 'the peer has closed the socket; nothing was sent');
}

/** For it was not the writer who ended it, as "write after end" would say. */
function refuseAfterEnd(socket: Duplex, refuse: (tell: WriteCallback | undefined) => void): void {
  const write = socket.write.bind(socket);
  const end = socket.end.bind(socket);
  socket.write = (chunk: unknown, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean => {
    const tell = typeof encoding === 'function' ? encoding : callback;
    const codec = typeof encoding === 'string' ? encoding : 'utf8';
    if (!socket.writableEnded) return write(chunk, codec, tell);
    refuse(tell);
    return false;
  };
  socket.end = (...given: unknown[]): Duplex => {
    const [chunk] = given;
    const nothing = chunk === undefined || chunk === null || typeof chunk === 'function';
    if (nothing || !socket.writableEnded) return end(...(given as Parameters<typeof end>));
    socket.write(...(given as [unknown]));
    return socket;
  };
}
