import { once } from 'node:events';
import { type FdSocket, type FdSocketOptions, socketpair } from '../../packages/ancillary';
import type { Child, ChildOptions } from './children';

/** Our end of a pair, and the child that holds the other end at descriptor 3. */
export interface Peer extends AsyncDisposable {
  readonly socket: FdSocket;
  readonly child: Child;
}

/**
 * Starts a child with one end of a pair. That end is non-blocking, as all of ours are; most programs want it blocking and
 * say so themselves. `descriptors` of the child come after the socket, from 4 on.
 */
export function startPeer(
  language: (source: string, options: ChildOptions) => Child,
  source: string,
  { descriptors = [], ...options }: ChildOptions = {},
  socketOptions: FdSocketOptions = {},
): Peer {
  const [socket, theirs] = socketpair(socketOptions);
  const child = language(source, { ...options, descriptors: [theirs.fd, ...descriptors] });
  theirs.destroy();
  return {
    socket,
    child,
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]();
      await closed(socket);
    },
  };
}

/** Destroys sockets and waits until they are closed. */
export async function closed(...sockets: readonly FdSocket[]): Promise<void> {
  await Promise.all(
    sockets.map(async (socket) => {
      socket.destroy();
      if (!socket.closed) await once(socket, 'close');
    }),
  );
}
