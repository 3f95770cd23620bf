import { once } from 'node:events';
import http from 'node:http';
import { buffer, text } from 'node:stream/consumers';
import { connect, type FdSocket, listen } from '../../packages/ancillary';
import { FdAgent, serveHttp } from '../../packages/ancillary/http';
import { proxy } from '../../packages/ancillary/proxy';
import { until } from '../hostile/until';
import { modeRefusal } from '../support/mode-refusal';
import { answerOf, HttpEnds } from './http-ends';

let ends: HttpEnds;
beforeEach(async () => (ends = await HttpEnds.open()));
afterEach(() => ends.close());

it('serves as an http.Server that listens, and says where', async () => {
  const server = ends.serve((request, response) => response.end(`served ${request.url}`));
  const listening = once(server, 'listening');
  expect([server.listening, server.address()]).toEqual([true, ends.address]);
  await listening;
  expect(await text(await answerOf(http.get({ agent: ends.agent(), path: '/page' })))).toBe('served /page');
});

it('takes a server that exists, in either order of the arguments', async () => {
  const existing = http.createServer((_request, response) => response.end('existing'));
  expect(serveHttp(existing, ends.listener)).toBe(existing);
  expect(await text(await answerOf(http.get({ agent: ends.agent() })))).toBe('existing');
  existing.closeAllConnections();
  await new Promise((resolve) => existing.close(resolve));
  expect(ends.listener.listening).toBe(false);
});

it.each([
  ['nothing', undefined, undefined],
  ['a path', '/path', () => undefined],
  ['two servers', http.createServer(), http.createServer()],
])('refuses %s', (_name, first, second) => {
  expect(() => serveHttp(first as never, second as never)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }) as Error,
  );
});

it('refuses an FdServer, and an http.Server, a second time, and goes on', async () => {
  const first = ends.serve((_request, response) => response.end('first'));
  await using other = await listen(`${ends.address}-2`);
  const ofListener = /^the server was taken over by serveHttp\(\), .*: use another server for serveHttp\(\)$/;
  expect(() => serveHttp(ends.listener, () => undefined)).toThrow(modeRefusal(ofListener));
  expect(() => serveHttp(other, first)).toThrow(modeRefusal(/^the http.Server was given to serveHttp\(\) before/));
  expect(() => proxy(ends.listener, ends.address)).toThrow(
    modeRefusal(/serveHttp\(\), .*: use another server for proxy\(\)$/),
  );
  expect(await text(await answerOf(http.get({ agent: ends.agent() })))).toBe('first');
  // What was refused for the other has taken nothing over.
  serveHttp(other, http.createServer()).close();
});

it('refuses options beside a server that exists, which they would do nothing for', () => {
  const existing = http.createServer();
  expect(() => serveHttp(ends.listener, existing as never, { keepAlive: true })).toThrow(/^options do nothing beside/);
});

it('close() calls back once all connections are closed, and the path is gone at once', async () => {
  const server = serveHttp(ends.listener, (_request, response) => response.end('ok'));
  const keeping = ends.agent({ keepAlive: true });
  await text(await answerOf(http.get({ agent: keeping })));
  const busy = await connect(ends.address);
  const accepted = once(server, 'connection');
  busy.write('GET / HTTP/1.1\r\n');
  const [serving] = (await accepted) as [FdSocket];
  // From Node 26 on, a connection is idle, too, until its first request has begun.
  await until(() => serving.bytesRead > 0);
  const events: string[] = [];
  server.on('close', () => events.push('close'));
  const closed = new Promise<unknown>((resolve) =>
    server.close((error) => {
      events.push('called back');
      resolve(error);
    }),
  );
  expect(server.listening).toBe(false);
  // The idle connection is closed at once, the busy one is served first.
  for (let turn = 0; turn < 1_000_000 && Object.keys(keeping.freeSockets).length > 0; turn++)
    await new Promise(setImmediate);
  await expect(connect(ends.address)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(events).toEqual([]);
  busy.write('Host: x\r\nConnection: close\r\n\r\n');
  expect(await text(busy)).toMatch(/ok/);
  expect(await closed).toBeUndefined();
  expect([...events].sort()).toEqual(['called back', 'close']);
  expect(await new Promise((resolve) => server.close(resolve))).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' });
});

it('closes with the FdServer, and disposes of itself', async () => {
  const server = serveHttp(ends.listener, (_request, response) => response.end('ok'));
  const closed = once(server, 'close');
  await ends.listener.close();
  await closed;
  const other = await listen(`${ends.address}-2`);
  {
    await using disposed = serveHttp(other, () => undefined);
    expect(disposed.listening).toBe(true);
  }
  expect(other.listening).toBe(false);
});

it.each([
  ['headersTimeout', 'GET / HTTP/1.1\r\nHost', { headersTimeout: 30, requestTimeout: 0 }],
  [
    'requestTimeout',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab',
    { requestTimeout: 30, headersTimeout: 30 },
  ],
])('has %s in force, as an http.Server that listens itself', async (_name, sent, timeouts) => {
  ends.serve(() => undefined, { ...timeouts, connectionsCheckingInterval: 10 });
  const client = await connect(ends.address);
  client.write(sent);
  expect(await text(client)).toMatch(/^HTTP\/1\.1 408 /);
});

it('has timeout and keepAliveTimeout in force', async () => {
  const server = ends.serve((_request, response) => response.end('ok'));
  server.timeout = 20;
  await once((await connect(ends.address)).resume(), 'close');
  server.timeout = 0;
  server.keepAliveTimeout = 1;
  const client = await connect(ends.address);
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await text(client)).toMatch(/ok/);
});

it('carries bodies of 5 MB both ways', async () => {
  ends.serve((request, response) => void request.pipe(response));
  const body = Buffer.alloc(5_000_000, 'a body of a length that is no power of two;');
  const request = http.request({ agent: ends.agent(), method: 'POST' });
  request.end(body);
  expect((await buffer(await answerOf(request))).equals(body)).toBe(true);
});

it('an agent without an address takes that of each request', async () => {
  ends.serve((_request, response) => response.end('ok'));
  const plain = new FdAgent({ keepAlive: false });
  expect(await text(await answerOf(http.get({ agent: plain, socketPath: ends.address })))).toBe('ok');
  plain.destroy();
});
