import { once } from 'node:events';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { createConnection, listen } from '../../packages/ancillary';

/** What a net.Socket and an FdSocket have in common, as far as behaviours use it. */
export interface NodeSocket extends Duplex {
  readonly connecting: boolean;
  readonly pending: boolean;
  readonly readyState: string;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly timeout?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly remoteFamily?: string | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  setTimeout(milliseconds: number, callback?: () => void): this;
  setNoDelay(noDelay?: boolean): this;
  setKeepAlive(enable?: boolean, initialDelay?: number): this;
  address(): object;
  destroySoon(): void;
  resetAndDestroy(): this;
  ref(): this;
  unref(): this;
}

/** Options that both have, in the same words. */
export interface SocketSettings {
  readonly allowHalfOpen?: boolean;
  readonly highWaterMark?: number;
  readonly onread?: { buffer: Buffer | (() => Buffer); callback(bytesRead: number, buffer: Buffer): boolean };
}

export interface NodeServer {
  close(): Promise<void>;
  readonly listening: boolean;
  ref(): unknown;
  unref(): unknown;
}

/** Unix sockets as Node has them, or as this package does. */
export interface Implementation {
  readonly name: string;
  connect(path: string, settings?: SocketSettings, onConnect?: () => void): NodeSocket;
  /** Resolves when it listens. */
  listen(path: string, onConnection: (socket: NodeSocket) => void, settings?: SocketSettings): Promise<NodeServer>;
}

export const ofNode: Implementation = {
  name: 'net',

  connect: (path, settings = {}, onConnect) => net.connect({ path, ...settings }, onConnect),

  async listen(path, onConnection, settings = {}) {
    const server = net.createServer(settings, onConnection).listen(path);
    await once(server, 'listening');
    const close = async (): Promise<void> => {
      // Its own waits for all connections to end.
      server.close();
      await Promise.resolve();
    };
    return {
      close,
      get listening() {
        return server.listening;
      },
      ref: () => server.ref(),
      unref: () => server.unref(),
    };
  },
};

const ofAncillary: Implementation = {
  name: 'ancillary',

  // Half-open is the default here (docs/node-differences.md).
  connect: (path, settings, onConnect) => createConnection(path, { allowHalfOpen: false, ...settings }, onConnect),

  async listen(path, onConnection, settings) {
    const server = await listen(path, { allowHalfOpen: false, ...settings });
    server.on('connection', onConnection);
    return server;
  },
};

/** Node's own first, to show that a test is right. */
export const implementations: readonly Implementation[] = [ofNode, ofAncillary];
