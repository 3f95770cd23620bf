import http from 'node:http';
import http2 from 'node:http2';
import { text } from 'node:stream/consumers';
import fastify from 'fastify';
import { Agent, Client, request } from 'undici';
import { createConnection, type OwnedFd } from '../../packages/ancillary';
import { sendFds, serveHttp, takeFds, undiciConnector } from '../../packages/ancillary/http';
import { identity } from '../support/descriptors';
import { answerOf, HttpEnds, identitiesOf } from './http-ends';

let ends: HttpEnds;
beforeEach(async () => (ends = await HttpEnds.open()));
afterEach(() => ends.close());

it('undici asks over FdSockets, many at once, with a body of 5 MB among them', async () => {
  ends.serve((request, response) => void request.pipe(response));
  const dispatcher = new Agent({ connect: undiciConnector(ends.address), connections: 4 });
  ends.atEnd(() => dispatcher.destroy());
  const bodies = [
    Buffer.alloc(5_000_000, 'large'),
    ...Array.from({ length: 20 }, (_, index) => Buffer.from(`${index}`)),
  ];
  const answers = await Promise.all(
    bodies.map(async (sent) => {
      const { body } = await request('http://localhost/', { method: 'POST', body: sent, dispatcher });
      return Buffer.from(await body.arrayBuffer()).equals(sent);
    }),
  );
  expect(answers).toEqual(bodies.map(() => true));
});

it('undici hears why it cannot connect', async () => {
  const code = async (url: string, connect: ReturnType<typeof undiciConnector>): Promise<unknown> => {
    const client = new Client(url, { connect });
    const failure: unknown = await client.request({ path: '/', method: 'GET' }).catch((error: unknown) => error);
    await client.destroy();
    return (failure as NodeJS.ErrnoException).code;
  };
  expect(await code('http://localhost', undiciConnector(`${ends.address}-nowhere`))).toBe('ENOENT');
  expect(await code('https://localhost', undiciConnector(ends.address))).toBe('ERR_INVALID_ARG_VALUE');
  expect(await code('http://localhost', undiciConnector({} as never))).toBe('ERR_INVALID_ARG_VALUE');
});

it('fastify serves with it as its server', async () => {
  const app = fastify({ serverFactory: (handler) => serveHttp(ends.listener, handler) });
  app.addHook('onClose', async () => {
    app.server.closeAllConnections();
    await new Promise((resolve) => app.server.close(resolve));
  });
  app.post('/files', (request) => ({ files: identitiesOf(takeFds(request.raw)) }));
  await app.ready();
  const [file] = ends.memories(1) as [OwnedFd];
  const request = http.request({ agent: ends.agent(), method: 'POST', path: '/files' });
  sendFds(request, [file]);
  request.end();
  expect(JSON.parse(await text(await answerOf(request)))).toEqual({ files: [identity(file.fd)] });
  await app.close();
  expect(ends.listener.listening).toBe(false);
});

it('http2 serves 50 streams at once', async () => {
  const server = http2.createServer();
  server.on('stream', (stream, headers) => {
    stream.respond();
    stream.end(`stream ${headers[':path'] ?? ''}`);
  });
  serveHttp(ends.listener, server);
  const session = http2.connect('http://localhost', { createConnection: () => createConnection(ends.address) });
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => text(session.request({ ':path': `/${index}` }))),
  );
  expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => `stream /${index}`));
  session.close();
  await new Promise((resolve) => server.close(resolve));
});
