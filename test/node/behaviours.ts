import { EventEmitter, once } from 'node:events';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runDirectory } from '../support/children';
import {
  type Implementation,
  implementations,
  type NodeServer,
  type NodeSocket,
  type SocketSettings,
} from './implementations';

/** What Node's own test suite checks, written anew: it holds for `net` on a Unix path, and for this package. */
export type Behaviour = (world: World) => Promise<void> | void;

/** Runs each behaviour over net, and then over this package. docs/node-differences.md lists what does not hold. */
export function behaviours(what: string, table: Readonly<Record<string, Behaviour>>): void {
  describe.each(implementations)(`${what}, over $name`, (implementation) => {
    for (const [name, behaviour] of Object.entries(table)) {
      it(name, async () => {
        await using world = new World(implementation);
        await behaviour(world);
      });
    }
  });
}

let count = 0;

/** The sockets and servers of one test. They are closed at its end. */
export class World implements AsyncDisposable {
  readonly path = path.join(runDirectory(), `node-${process.pid}-${count++}.sock`);
  readonly implementation: Implementation;
  readonly #sockets: NodeSocket[] = [];
  readonly #servers: NodeServer[] = [];
  readonly #cleanups: (() => unknown)[] = [];

  constructor(implementation: Implementation) {
    this.implementation = implementation;
  }

  /** A server at {@link path}, which listens. */
  async listen(onConnection: (socket: NodeSocket) => void, settings?: SocketSettings): Promise<NodeServer> {
    const accept = (socket: NodeSocket): void => {
      this.#sockets.push(socket);
      onConnection(socket);
    };
    const server = await this.implementation.listen(this.path, accept, settings);
    this.#servers.push(server);
    return server;
  }

  /** A socket that connects to {@link path}. */
  connect(settings?: SocketSettings, onConnect?: () => void): NodeSocket {
    const socket = this.implementation.connect(this.path, settings, onConnect);
    this.#sockets.push(socket);
    return socket;
  }

  /** Two connected sockets: who connected, and who was accepted. */
  async pair(
    settings: SocketSettings = {},
    accepted: SocketSettings = settings,
  ): Promise<readonly [client: NodeSocket, server: NodeSocket]> {
    const connections = new EventEmitter();
    await this.listen((socket) => connections.emit('connection', socket), accepted);
    const accepting = once(connections, 'connection');
    const client = this.connect(settings);
    await once(client, 'connect');
    const [server] = (await accepting) as [NodeSocket];
    return [client, server];
  }

  /** Something else to close at the end. */
  atEnd(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
    for (const socket of this.#sockets) socket.destroy();
    for (const socket of this.#sockets) await closed(socket);
    for (const server of this.#servers) if (server.listening) await server.close();
    await nextTurn();
  }
}

/** Resolves when the stream is closed, also when it is already. */
export async function closed(stream: NodeSocket): Promise<void> {
  if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
  // `closed` is true a moment before 'close' is emitted, in net by a turn of the event loop.
  for (let turn = 0; turn < 3; turn++) await nextTurn();
}

/** The events of a socket, by name, in the order in which they come. */
export function record(socket: NodeSocket, ...names: readonly string[]): string[] {
  const heard: string[] = [];
  for (const name of names) socket.on(name, () => heard.push(name));
  return heard;
}

/** All that is read until the end, which leaves the other half open. */
export async function content(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'end');
  return String(Buffer.concat(chunks));
}

/** Bytes that say where they stand. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >> 8)) & 0xff;
  return bytes;
}

/** An error, whichever realm made it: Jest's has classes of its own. */
export const anError: unknown = expect.objectContaining({ stack: expect.any(String) as unknown });

/** An error with this property, for toThrow(). */
export function errorWith(property: { readonly code: string } | { readonly name: string }): Error {
  return expect.objectContaining(property) as Error;
}
