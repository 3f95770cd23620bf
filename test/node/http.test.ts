import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { behaviours, closed, content, pattern } from './behaviours';
import { answerTo, get, serve, WorldAgent } from './http-world';
import type { NodeSocket } from './implementations';

const echo: http.RequestListener = (request, response) => void request.pipe(response);

behaviours('http', {
  async 'answers a request'(world) {
    await serve(world, (request, response) => response.end(`${request.method} ${request.url}`));
    expect(await get(new WorldAgent(world), '/path?query')).toMatchObject({ status: 200, body: 'GET /path?query' });
  },

  async 'carries bodies in both directions'(world) {
    await serve(world, echo);
    const request = http.request({ agent: new WorldAgent(world), method: 'POST' });
    const body = pattern(300_000).toString('base64');
    request.end(body);
    expect((await answerTo(request)).body === body).toBe(true);
  },

  async 'keeps a connection alive, and uses it again'(world) {
    await serve(world, (_request, response) => response.end('ok'));
    const agent = new WorldAgent(world, { keepAlive: true });
    for (let index = 0; index < 5; index++) {
      expect((await get(agent)).body).toBe('ok');
      // It is free a moment after the answer has ended.
      while (Object.keys(agent.freeSockets).length === 0) await new Promise(setImmediate);
    }
    expect(agent.connections).toHaveLength(1);
    const [socket] = agent.connections;
    expect([socket?.destroyed, socket?.timeout ?? 0]).toEqual([false, 0]);
  },

  async 'opens no more than maxSockets at a time'(world) {
    let busy = 0;
    let most = 0;
    await serve(world, (request, response) => {
      most = Math.max(most, ++busy);
      setImmediate(() => {
        busy--;
        response.end(request.url);
      });
    });
    const agent = new WorldAgent(world, { maxSockets: 2 });
    const paths = Array.from({ length: 10 }, (_, index) => `/${index}`);
    const answers = await Promise.all(paths.map((path) => get(agent, path)));
    expect(answers.map(({ body }) => body)).toEqual(paths);
    expect(most).toBeLessThanOrEqual(2);
    while (Object.keys(agent.sockets).length > 0) await new Promise(setImmediate);
  },

  async 'closes the connection where it is told to'(world) {
    await serve(world, (_request, response) => {
      response.setHeader('Connection', 'close');
      response.end('last');
    });
    const agent = new WorldAgent(world, { keepAlive: true });
    expect((await get(agent)).body).toBe('last');
    for (const socket of agent.connections) await closed(socket);
    expect(Object.keys(agent.freeSockets)).toEqual([]);
  },

  async 'the agent forgets a connection that the server closes while it is free'(world) {
    const server = await serve(world, (_request, response) => response.end('ok'));
    const agent = new WorldAgent(world, { keepAlive: true });
    await get(agent);
    while (Object.keys(agent.freeSockets).length === 0) await new Promise(setImmediate);
    server.closeIdleConnections();
    for (const socket of agent.connections) await closed(socket);
    expect(Object.keys(agent.freeSockets)).toEqual([]);
    expect((await get(agent)).body).toBe('ok');
    expect(agent.connections).toHaveLength(2);
  },

  async 'answers requests in a row on one connection, in their order'(world) {
    await serve(world, (request, response) => {
      if (request.url === '/1') setImmediate(() => response.end('first'));
      else response.end('second');
    });
    const client = world.connect();
    client.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await content(client)).toMatch(/first[^]*second/);
  },

  async 'answers HEAD without a body'(world) {
    await serve(world, (_request, response) => {
      response.setHeader('Content-Length', 5);
      response.end('hello');
    });
    const answer = await answerTo(http.request({ agent: new WorldAgent(world), method: 'HEAD' }).end());
    expect([answer.headers['content-length'], answer.body]).toEqual(['5', '']);
  },

  async 'asks before it sends, with Expect: 100-continue'(world) {
    await serve(world, echo);
    const agent = new WorldAgent(world);
    const request = http.request({ agent, method: 'PUT', headers: { Expect: '100-continue' } });
    request.flushHeaders();
    await once(request, 'continue');
    request.end('body');
    expect((await answerTo(request)).body).toBe('body');
  },

  async 'sends information before the answer'(world) {
    await serve(world, (_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.end('answer');
    });
    const request = http.get({ agent: new WorldAgent(world) });
    const informed = once(request, 'information');
    expect((await answerTo(request)).body).toBe('answer');
    expect(await informed).toMatchObject([{ statusCode: 103 }]);
  },

  async 'sends trailers'(world) {
    await serve(world, (_request, response) => {
      response.writeHead(200, { Trailer: 'X-Sum' });
      response.write('counted');
      response.addTrailers({ 'X-Sum': '7' });
      response.end();
    });
    const [response] = (await once(http.get({ agent: new WorldAgent(world) }), 'response')) as [http.IncomingMessage];
    expect(await text(response)).toBe('counted');
    expect(response.trailers).toEqual({ 'x-sum': '7' });
  },

  async 'waits where the answer is not read'(world) {
    const size = 8_000_000;
    let drained = 0;
    await serve(world, (_request, response) => {
      response.on('drain', () => drained++);
      expect(response.write(Buffer.alloc(size))).toBe(false);
      response.once('drain', () => response.end());
    });
    const [response] = (await once(http.get({ agent: new WorldAgent(world) }), 'response')) as [http.IncomingMessage];
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(drained).toBe(0);
    let length = 0;
    for await (const chunk of response) length += (chunk as Buffer).length;
    expect([length, drained]).toEqual([size, 1]);
  },

  async 'upgrades, with what came behind the request, and leaves the socket to its new user'(world) {
    const server = await serve(world, () => undefined);
    server.on('upgrade', (request: http.IncomingMessage, socket: NodeSocket, head: Buffer) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.write(`${request.headers.upgrade}: ${String(head)}`);
      socket.pipe(socket);
    });
    const client = world.connect({ allowHalfOpen: true });
    client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhead ');
    await once(client, 'readable');
    client.end('and tail');
    expect(await content(client)).toMatch(/\r\n\r\necho: head and tail$/);
  },

  async 'hands the socket to a client that asked to upgrade'(world) {
    const server = await serve(world, () => undefined);
    server.on('upgrade', (_request, socket: NodeSocket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nfirst ');
      socket.on('end', () => socket.end()).resume();
      socket.write('second');
    });
    const headers = { Connection: 'Upgrade', Upgrade: 'x' };
    const request = http.get({ agent: new WorldAgent(world), headers });
    const [response, socket, head] = (await once(request, 'upgrade')) as [http.IncomingMessage, NodeSocket, Buffer];
    socket.end();
    expect(response.statusCode).toBe(101);
    expect(String(head) + (await content(socket))).toBe('first second');
    await closed(socket);
  },

  async 'a socket that was upgraded closes after its peer, though nobody reads it'(world) {
    const server = await serve(world, () => undefined);
    const ended = new Promise<void>((resolve) => {
      server.on('upgrade', (_request, socket: NodeSocket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
        socket.on('end', () => resolve(void socket.end()));
      });
    });
    const headers = { Connection: 'Upgrade', Upgrade: 'x' };
    const request = http.get({ agent: new WorldAgent(world), headers });
    const [, socket] = (await once(request, 'upgrade')) as [http.IncomingMessage, NodeSocket];
    socket.end();
    await ended;
  },

  async 'tunnels with CONNECT'(world) {
    const server = await serve(world, () => undefined);
    server.on('connect', (request: http.IncomingMessage, socket: NodeSocket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.write(`to ${request.url}: `);
      socket.pipe(socket);
    });
    const request = http.request({ agent: new WorldAgent(world), method: 'CONNECT', path: 'example:1' });
    request.end();
    const [, socket, head] = (await once(request, 'connect')) as [http.IncomingMessage, NodeSocket, Buffer];
    socket.end('hello');
    expect(String(head) + (await content(socket))).toBe('to example:1: hello');
  },

  async 'counts the bytes that went through'(world) {
    let bytes: number[] = [];
    await serve(world, (request, response) => {
      const { socket } = request;
      response.end('ok', () => (bytes = [socket.bytesRead, socket.bytesWritten]));
    });
    const agent = new WorldAgent(world, { keepAlive: true });
    await get(agent);
    while (bytes.length === 0) await new Promise(setImmediate);
    const [client] = agent.connections;
    expect(bytes).toEqual([client?.bytesWritten, client?.bytesRead]);
  },

  async 'works with createConnection in place of an agent'(world) {
    await serve(world, (_request, response) => response.end('direct'));
    const request = http.get({ createConnection: () => world.connect() });
    expect((await answerTo(request)).body).toBe('direct');
  },
});
