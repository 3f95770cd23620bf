import type { Duplex } from 'node:stream';

type WriteCallback = (error?: Error | null) => void;

/**
 * For a Duplex that ends its sending side with the peer's: later writes fail as in net, for it was not the writer who
 * ended it, as "write after end" would say.
 */
export function endWithPeer(socket: Duplex): void {
  const write = socket.write.bind(socket);
  socket.once('end', () => {
    socket.write = (chunk: unknown, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean => {
      const tell = typeof encoding === 'function' ? encoding : callback;
      const codec = typeof encoding === 'string' ? encoding : 'utf8';
      if (!socket.writableEnded) return write(chunk, codec, tell);
      const error = Object.assign(new Error('this socket has been ended by the other party'), { code: 'EPIPE' });
      if (tell !== undefined) process.nextTick(tell, error);
      socket.destroy(error);
      return false;
    };
  });
}
