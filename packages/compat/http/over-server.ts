import { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import { type FdServer, type FdSocket, netAddress } from '../../stream';

type CloseCallback = (error?: Error) => void;

/**
 * Lets a server of Node have the connections of an FdServer, and `listening`, `address()` and `close()` mean that.
 * @param accepted called with each connection before the server gets it
 */
export function overServer(server: Server, listening: FdServer, accepted?: (socket: FdSocket) => void): void {
  const connections = new Set<FdSocket>();
  const closeItself = server.close.bind(server);
  let whenDrained: (() => void) | undefined;
  let closing = false;

  const connected = (socket: FdSocket): void => {
    connections.add(socket);
    socket.once('close', () => {
      connections.delete(socket);
      if (connections.size === 0) whenDrained?.();
    });
    accepted?.(socket);
    server.emit('connection', socket);
  };

  const close = (callback?: CloseCallback): Server => {
    if (closing) return closeItself(callback);
    closing = true;
    if (server instanceof HttpServer) server.closeIdleConnections();
    const over = (failure?: Error): void => {
      whenDrained = undefined;
      // Ends its timers and emits 'close'. It never listened itself, which is no error here.
      closeItself(() => callback?.(failure));
    };
    listening.close().then(
      () => afterConnections(over),
      (error: unknown) => afterConnections(() => over(error as Error)),
    );
    return server;
  };
  const afterConnections = (over: () => void): void => {
    if (connections.size === 0) over();
    else whenDrained = over;
  };

  Object.defineProperties(server, {
    listening: { configurable: true, get: () => !closing && listening.listening },
    address: { configurable: true, writable: true, value: () => addressOf(closing ? undefined : listening) },
    close: { configurable: true, writable: true, value: close },
  });
  listening.once('close', () => {
    if (!closing) close();
  });
  // Who listens to 'listening' has time to. Connections wait for it, since http watches the time of those behind it only.
  process.nextTick(() => {
    if (closing || !listening.listening) return;
    server.emit('listening');
    listening.on('connection', connected);
  });
}

function addressOf(listening: FdServer | undefined): string | null {
  return listening?.address === undefined ? null : netAddress(listening.address);
}
