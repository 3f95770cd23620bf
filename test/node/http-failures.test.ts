import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { behaviours, closed, content } from './behaviours';
import { get, serve, WorldAgent } from './http-world';
import type { NodeSocket } from './implementations';

behaviours('http that fails, or takes too long', {
  async 'the client hears of an answer that is none'(world) {
    await world.listen((socket) => socket.end('this is no HTTP\r\n\r\n'));
    expect(await once(http.get({ agent: new WorldAgent(world) }), 'error')).toMatchObject([
      { code: 'HPE_INVALID_CONSTANT' },
    ]);
  },

  async 'the client hears of a server that hangs up before it answers'(world) {
    await serve(world, (request) => void request.socket.destroy());
    expect(await once(http.get({ agent: new WorldAgent(world) }), 'error')).toMatchObject([{ code: 'ECONNRESET' }]);
  },

  async 'the client hears of an answer that breaks off'(world) {
    await serve(world, (_request, response) => {
      response.write('only a part');
      response.flushHeaders();
      setImmediate(() => response.destroy());
    });
    const [response] = (await once(http.get({ agent: new WorldAgent(world) }), 'response')) as [http.IncomingMessage];
    await expect(text(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(response.complete).toBe(false);
  },

  async 'the client hears that there is no server'(world) {
    expect(await once(http.get({ agent: new WorldAgent(world) }), 'error')).toMatchObject([
      { code: 'ENOENT', syscall: 'connect', address: world.path },
    ]);
  },

  async 'the server hears of a client that gives up'(world) {
    const gone = new Promise<boolean>((resolve, reject) => {
      serve(world, (request, response) => {
        response.on('close', () => resolve(request.destroyed && !response.writableFinished));
        response.write('begun');
      }).then(() => {
        const request = http.get({ agent: new WorldAgent(world) });
        request.on('response', () => request.destroy()).on('error', () => undefined);
      }, reject);
    });
    expect(await gone).toBe(true);
  },

  async 'the server answers what is no request with 400'(world) {
    const server = await serve(world, () => undefined);
    const client = world.connect();
    client.end('no request at all\r\n\r\n');
    expect(await content(client)).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    const heard = once(server, 'clientError');
    world.connect().end('nor this\r\n\r\n');
    const [error, socket] = (await heard) as [NodeJS.ErrnoException, NodeSocket];
    expect(error.code).toMatch(/^HPE_/);
    socket.destroy();
  },

  async 'the server gives up on connections that are silent'(world) {
    const server = await serve(world, () => undefined);
    server.setTimeout(5);
    const client = world.connect();
    client.resume();
    await closed(client);
  },

  async 'the server may decide what a silent connection gets'(world) {
    const server = await serve(world, () => undefined);
    server.setTimeout(5, (socket) => socket.end('HTTP/1.1 408 Request Timeout\r\n\r\n'));
    expect(await content(world.connect())).toMatch(/^HTTP\/1.1 408/);
  },

  async 'the server gives up on headers that do not end'(world) {
    const options = { headersTimeout: 5, requestTimeout: 10, connectionsCheckingInterval: 2 };
    await serve(world, () => undefined, options);
    const client = world.connect();
    client.write('GET / HTTP/1.1\r\nHost: ');
    expect(await content(client)).toMatch(/^HTTP\/1.1 408 Request Timeout/);
  },

  async 'the server closes a connection that is not used again'(world) {
    const server = await serve(world, (_request, response) => response.end('ok'));
    server.keepAliveTimeout = 5;
    const agent = new WorldAgent(world, { keepAlive: true });
    await get(agent);
    for (const socket of agent.connections) await closed(socket);
    expect(Object.keys(agent.freeSockets)).toEqual([]);
  },

  async 'a request may time out'(world) {
    await serve(world, () => undefined);
    const request = http.get({ agent: new WorldAgent(world), timeout: 5 });
    await once(request, 'timeout');
    expect(request.destroyed).toBe(false);
    request.on('error', () => undefined).destroy();
  },

  async 'a response may time out'(world) {
    await serve(world, (_request, response) => void response.write('begun'));
    const request = http.get({ agent: new WorldAgent(world) });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.setTimeout(5);
    await once(response, 'timeout');
    request.destroy();
  },

  async 'a free connection of an agent may time out'(world) {
    await serve(world, (_request, response) => response.end('ok'));
    const agent = new WorldAgent(world, { keepAlive: true, timeout: 20 });
    await get(agent);
    for (const socket of agent.connections) await closed(socket);
    expect(Object.keys(agent.freeSockets)).toEqual([]);
  },

  async 'a request may be aborted by a signal, before and after it is connected'(world) {
    await serve(world, () => undefined);
    const controller = new AbortController();
    const { signal } = controller;
    const request = http.get({ agent: new WorldAgent(world), signal });
    await once(request, 'finish');
    controller.abort();
    expect(await once(request, 'error')).toMatchObject([{ code: 'ABORT_ERR' }]);
    const late = http.get({ agent: new WorldAgent(world), signal });
    expect(await once(late, 'error')).toMatchObject([{ code: 'ABORT_ERR' }]);
  },

  async 'closeAllConnections() closes those that are busy too'(world) {
    const server = await serve(world, () => server.closeAllConnections());
    expect(await once(http.get({ agent: new WorldAgent(world) }), 'error')).toMatchObject([{ code: 'ECONNRESET' }]);
  },
});
