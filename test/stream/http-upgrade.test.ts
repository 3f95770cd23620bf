import { once } from 'node:events';
import http from 'node:http';
import type { Duplex } from 'node:stream';
import { type FdFrame, type FdSocket, fds, type OwnedFd, socketpair } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { destroyed, nextOf } from '../socket/sockets';
import { identity } from '../support/descriptors';

const codec = lengthPrefixed({ lengthBytes: 1, countBytes: 1 });
const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: frames\r\n\r\n';
const ANSWER = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: frames\r\n\r\n';

let client: FdSocket;
let accepted: FdSocket;
let server: http.Server;
let file: OwnedFd;
beforeEach(() => {
  [client, accepted] = socketpair();
  server = http.createServer();
  file = fds.memfd('file');
});
afterEach(async () => {
  file.close();
  await destroyed(client, accepted);
});

/** What stands behind the head of HTTP, as text, and whether it came with the file. */
function shown(frame: FdFrame): [string, boolean] {
  const came = frame.fds.map(({ fd }) => identity(fd));
  frame.close();
  return [frame.bytes.toString('latin1', 2), came[0] === identity(file.fd)];
}

it('a server goes on in frames, the first of which came with the request and has a descriptor', async () => {
  const seen: [string, boolean][] = [];
  const served = new Promise<void>((resolve, reject) => {
    server.on('upgrade', (_request, socket: Duplex, head: Buffer) => {
      expect(socket).toBe(accepted);
      socket.write(ANSWER);
      socket.unshift(head);
      accepted.forEachFrame((frame) => void seen.push(shown(frame)), codec).then(resolve, reject);
    });
  });
  server.emit('connection', accepted);
  await client.send(`${REQUEST}\x01\x01a`, [file]);
  await client.send('\x01\x00b');
  await client.send('\x01\x01c', [file]);
  client.end();
  client.resume();
  await served;
  expect(seen).toEqual([
    ['a', true],
    ['b', false],
    ['c', true],
  ]);
});

it('descriptors of the head wait where the frames begin only later', async () => {
  const upgraded = once(server, 'upgrade') as Promise<[http.IncomingMessage, FdSocket, Buffer]>;
  server.once('upgrade', (_request, socket: Duplex, head: Buffer) => socket.unshift(head));
  server.emit('connection', accepted);
  await client.send(`${REQUEST}\x01\x01a`, [file]);
  const [, socket] = await upgraded;
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  await client.send('\x01\x01b', [file]);
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  const frames = socket.frames(codec);
  expect([shown(await nextOf(frames)), shown(await nextOf(frames))]).toEqual([
    ['a', true],
    ['b', true],
  ]);
});

it('a client goes on in frames, the first of which came with the answer', async () => {
  const request = http.request({
    createConnection: () => client,
    headers: { Connection: 'Upgrade', Upgrade: 'frames' },
  });
  const upgraded = once(request, 'upgrade') as Promise<[http.IncomingMessage, FdSocket, Buffer]>;
  request.once('upgrade', (_response, socket, head: Buffer) => socket.unshift(head));
  request.end();
  await once(accepted, 'data');
  await accepted.send(`${ANSWER}\x01\x01a`, [file]);
  await accepted.send('\x01\x00b');
  const [, socket] = await upgraded;
  expect(socket).toBe(client);
  const frames = socket.frames(codec);
  expect([shown(await nextOf(frames)), shown(await nextOf(frames))]).toEqual([
    ['a', true],
    ['b', false],
  ]);
});
