import dgram from 'node:dgram';
import { once } from 'node:events';
import { type FdSocket, fds, socketpair } from '../../packages/ancillary';
import { identity } from '../support/descriptors';
import { codeOf, destroyed, fill } from './sockets';

let left: FdSocket;
let right: FdSocket;
let source: dgram.Socket;
beforeEach(() => {
  [left, right] = socketpair();
  source = dgram.createSocket('udp4');
});
afterEach(() => destroyed(left, right));

async function bind(socket: dgram.Socket): Promise<number> {
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

it('a dgram.Socket is sent as it is, and transferred', async () => {
  const port = await bind(source);
  const described = fds.describeFd(source);
  expect(described).toMatchObject({ kind: 'udp-socket', address: `127.0.0.1:${port}` });
  const was = identity(described.fd);
  const closed = once(source, 'close');
  await left.send('x', [source]);
  await left.send('y', [source], { transfer: true });
  await closed;
  for (let count = 0; count < 2; count++) {
    const frame = await right.receive(1);
    expect(frame.fds.map(({ fd }) => identity(fd))).toEqual([was]);
    frame.close();
  }
});

it('one that is not bound, or closed, is ERR_FD_CLOSED', async () => {
  expect(await codeOf(() => left.send('x', [source]))).toBe('ERR_FD_CLOSED');
  source.close();
  await once(source, 'close');
  expect(await codeOf(() => left.send('x', [source]))).toBe('ERR_FD_CLOSED');
});

it('one that waits receives nothing, and receives again when it cannot be sent', async () => {
  fill(left);
  const port = await bind(source);
  const heard: string[] = [];
  source.on('message', (message) => heard.push(message.toString()));
  const abort = new AbortController();
  const sent = codeOf(() => left.send('x', [source], { signal: abort.signal }));
  const client = dgram.createSocket('udp4');
  await new Promise((resolve) => client.send('a datagram', port, '127.0.0.1', resolve));
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([]);
  abort.abort();
  expect(await sent).toBe('ABORT_ERR');
  if (heard.length === 0) await once(source, 'message');
  expect(heard).toEqual(['a datagram']);
  for (const socket of [client, source]) {
    socket.close();
    await once(socket, 'close');
  }
});
