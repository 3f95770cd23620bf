import { once } from 'node:events';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { behaviours, closed, content, pattern, type World } from './behaviours';
import { answerTo } from './http-world';
import type { NodeSocket } from './implementations';

const KEY = Buffer.from('0123456789abcdef');
/** A key that both know takes the place of certificates. */
const SERVER: tls.TlsOptions = {
  pskCallback: (_socket, identity) => (identity === 'client' ? KEY : null),
  ciphers: 'PSK',
  maxVersion: 'TLSv1.2',
};
const CLIENT: tls.ConnectionOptions = {
  pskCallback: () => ({ psk: KEY, identity: 'client' }),
  checkServerIdentity: () => undefined,
  ciphers: 'PSK',
  maxVersion: 'TLSv1.2',
};

/** A TLS server of Node's over the sockets of the world. */
async function serve(world: World, server: tls.Server): Promise<void> {
  await world.listen((socket) => void server.emit('connection', socket), { allowHalfOpen: true });
}

function connect(world: World, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  const socket = tls.connect({ ...CLIENT, ...options, socket: world.connect() });
  world.atEnd(() => socket.destroy());
  return socket;
}

function accepting(world: World, server: tls.Server): Promise<tls.TLSSocket> {
  return new Promise((resolve) =>
    server.on('secureConnection', (socket) => {
      world.atEnd(() => socket.destroy());
      resolve(socket);
    }),
  );
}

behaviours('tls', {
  async 'carries bytes in both directions'(world) {
    const server = tls.createServer(SERVER, (socket) => void socket.pipe(socket));
    await serve(world, server);
    const client = connect(world);
    await once(client, 'secureConnect');
    expect([client.encrypted, client.getProtocol()]).toEqual([true, 'TLSv1.2']);
    const bytes = pattern(200_000).toString('base64');
    client.write(bytes);
    let length = 0;
    for await (const chunk of client) {
      length += (chunk as Buffer).length;
      if (length === bytes.length) break;
    }
    expect(length).toBe(bytes.length);
  },

  async 'ends with what was sent before'(world) {
    await serve(
      world,
      tls.createServer(SERVER, (socket) => socket.end('all of it')),
    );
    const client = connect(world);
    expect(await content(client as unknown as NodeSocket)).toBe('all of it');
  },

  async 'agrees on a protocol'(world) {
    const server = tls.createServer({ ...SERVER, ALPNProtocols: ['b', 'c'] }, (socket) => socket.resume());
    await serve(world, server);
    const client = connect(world, { ALPNProtocols: ['a', 'b'] });
    await once(client, 'secureConnect');
    expect(client.alpnProtocol).toBe('b');
  },

  async 'the client hears of a server that knows another key'(world) {
    const server = tls.createServer({ ...SERVER, pskCallback: () => Buffer.from('another key, 16b') });
    server.on('tlsClientError', () => undefined);
    await serve(world, server);
    const [error] = (await once(connect(world), 'error')) as [NodeJS.ErrnoException];
    expect(error.message).toMatch(/ssl|decrypt|alert|disconnected/i);
  },

  async 'the server hears of a client that speaks no TLS'(world) {
    const server = tls.createServer(SERVER);
    await serve(world, server);
    const failed = once(server, 'tlsClientError');
    const client = world.connect();
    client.on('error', () => undefined);
    client.resume().end('GET / HTTP/1.0\r\n\r\n');
    expect(await failed).toMatchObject([{ code: 'ERR_SSL_HTTP_REQUEST' }, {}]);
    await closed(client);
  },

  async 'a client that ends lets the server end, and both close'(world) {
    const server = tls.createServer(SERVER);
    const connection = accepting(world, server);
    await serve(world, server);
    const client = connect(world);
    client.resume().end('goodbye');
    const accepted = await connection;
    accepted.on('error', () => undefined);
    expect(await content(accepted as unknown as NodeSocket)).toBe('goodbye');
    accepted.end();
    if (!client.closed) await once(client, 'close');
  },

  async 'https answers a request'(world) {
    const server = https.createServer(SERVER, (request, response) => response.end(`secret ${request.url}`));
    await serve(world, server);
    world.atEnd(() => server.closeAllConnections());
    const request = https.get({ path: '/x', createConnection: () => connect(world) });
    request.on('error', () => undefined);
    expect(await answerTo(request)).toMatchObject({ status: 200, body: 'secret /x' });
  },

  async 'https keeps a connection alive'(world) {
    const server = https.createServer(SERVER, (_request, response) => response.end('ok'));
    await serve(world, server);
    world.atEnd(() => server.closeAllConnections());
    const agent = new https.Agent({ keepAlive: true });
    world.atEnd(() => agent.destroy());
    let connections = 0;
    Object.assign(agent, {
      createConnection: () => {
        connections++;
        return connect(world);
      },
    });
    for (let index = 0; index < 3; index++) {
      const [response] = (await once(https.get({ agent }), 'response')) as [Parameters<typeof text>[0]];
      expect(await text(response)).toBe('ok');
      while (Object.keys(agent.freeSockets).length === 0) await new Promise(setImmediate);
    }
    expect(connections).toBe(1);
  },
});
