import http from 'node:http';
import fastify from 'fastify';
import { Client, Pool } from 'undici';
import { behaviours, pattern, type World } from './behaviours';
import { get, serve, WorldAgent } from './http-world';
import type { NodeSocket } from './implementations';

/** How undici is told to connect: with sockets of the world, which it counts. */
function connector(world: World): { sockets: NodeSocket[]; connect: ConstructorParameters<typeof Client>[1] } {
  const sockets: NodeSocket[] = [];
  const connect: NonNullable<ConstructorParameters<typeof Client>[1]> = {
    connect: (_options, callback) => {
      const socket = world.connect();
      sockets.push(socket);
      socket.once('connect', () => callback(null, socket as never));
      socket.once('error', (error) => callback(error, null));
    },
  };
  return { sockets, connect };
}

behaviours('undici', {
  async 'asks over one connection that it keeps'(world) {
    await serve(world, (request, response) => void request.pipe(response));
    const { sockets, connect } = connector(world);
    const client = new Client('http://localhost', connect);
    world.atEnd(() => client.destroy());
    for (let index = 0; index < 5; index++) {
      const { statusCode, body } = await client.request({ path: '/', method: 'POST', body: `body ${index}` });
      expect([statusCode, await body.text()]).toEqual([200, `body ${index}`]);
    }
    expect(sockets).toHaveLength(1);
  },

  async 'asks many at once, with large bodies'(world) {
    await serve(world, (request, response) => void request.pipe(response));
    const { connect } = connector(world);
    const pool = new Pool('http://localhost', { ...connect, connections: 3, pipelining: 1 });
    world.atEnd(() => pool.destroy());
    const content = pattern(300_000);
    const answers = Array.from({ length: 10 }, async () => {
      const { body } = await pool.request({ path: '/', method: 'PUT', body: content });
      return Buffer.from(await body.arrayBuffer()).equals(content);
    });
    expect(await Promise.all(answers)).toEqual(Array(10).fill(true));
  },

  async 'hears that there is no server, and of one that hangs up'(world) {
    const { connect } = connector(world);
    const client = new Client('http://localhost', connect);
    world.atEnd(() => client.destroy());
    await expect(client.request({ path: '/', method: 'GET' })).rejects.toMatchObject({ code: 'ENOENT' });
    await serve(world, (request) => void request.socket.destroy());
    await expect(client.request({ path: '/', method: 'GET' })).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  },

  async 'times out'(world) {
    await serve(world, () => undefined);
    const client = new Client('http://localhost', { ...connector(world).connect, headersTimeout: 20 });
    world.atEnd(() => client.destroy());
    await expect(client.request({ path: '/', method: 'GET' })).rejects.toMatchObject({
      code: 'UND_ERR_HEADERS_TIMEOUT',
    });
  },
});

behaviours('fastify', {
  async 'serves the connections that it is handed'(world) {
    let server: http.Server | undefined;
    const app = fastify({ serverFactory: (handler) => (server = http.createServer(handler)) });
    app.get('/hello/:name', ({ params }) => ({ hello: (params as { name: string }).name }));
    app.post('/echo', ({ body }) => body);
    await app.ready();
    world.atEnd(() => app.close());
    await world.listen((socket) => server?.emit('connection', socket), { allowHalfOpen: true });
    const agent = new WorldAgent(world, { keepAlive: true });
    expect(await get(agent, '/hello/world')).toMatchObject({ status: 200, body: '{"hello":"world"}' });
    const { connect } = connector(world);
    const client = new Client('http://localhost', connect);
    world.atEnd(() => client.destroy());
    const headers = { 'content-type': 'application/json' };
    const { body } = await client.request({ path: '/echo', method: 'POST', body: '{"a":1}', headers });
    expect(await body.json()).toEqual({ a: 1 });
    expect((await get(agent, '/nowhere')).status).toBe(404);
    server?.closeAllConnections();
  },
});
