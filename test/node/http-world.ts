import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import type { World } from './behaviours';
import type { NodeSocket } from './implementations';

/** An HTTP server of Node's over the sockets of the world: it is handed each connection. */
export async function serve(
  world: World,
  handler: http.RequestListener,
  options: http.ServerOptions = {},
): Promise<http.Server> {
  const server = http.createServer(options, handler);
  await world.listen((socket) => server.emit('connection', socket), { allowHalfOpen: true });
  // It begins to look for connections that take too long when it listens, as it thinks.
  server.emit('listening');
  world.atEnd(() => {
    server.closeAllConnections();
    // Stops looking.
    http.Server.prototype.close.call(server);
  });
  return server;
}

/** An agent whose connections are those of the world, which it counts. */
export class WorldAgent extends http.Agent {
  readonly connections: NodeSocket[] = [];
  readonly #world: World;

  constructor(world: World, options?: http.AgentOptions) {
    super(options);
    this.#world = world;
    world.atEnd(() => this.destroy());
  }

  override createConnection(): NodeSocket {
    const socket = this.#world.connect();
    this.connections.push(socket);
    return socket;
  }
}

export interface Answer {
  readonly status: number | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** The whole answer to a request. */
export async function answerTo(request: http.ClientRequest): Promise<Answer> {
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** Asks for a path, over an agent. */
export function get(agent: http.Agent, path = '/', options: http.RequestOptions = {}): Promise<Answer> {
  return answerTo(http.get({ agent, path, ...options }));
}
