import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { type FdSocket, fds, handoff, type OwnedFd, socketpair } from '../../packages/ancillary';
import { codeOf, destroyed, fill } from '../socket/sockets';
import { runDirectory } from '../support/children';
import { until } from './until';

// What waits to be sent to another process is not read here any more: these bytes would be missing there.

let left: FdSocket;
let right: FdSocket;
beforeEach(() => {
  [left, right] = socketpair();
});
afterEach(() => destroyed(left, right));

/** What was sent behind the bytes that fill the socket. */
async function arrived(before: number): Promise<OwnedFd> {
  for (let rest = before; rest > 0;) {
    const frame = await right.receive(Math.min(rest, 10_000));
    rest -= frame.bytes.length;
  }
  const [fd] = (await right.receive(1)).fds;
  if (fd === undefined) throw new Error('no descriptor came');
  return fd;
}

/** A connection over TCP: the end that was accepted, and the client. */
async function connection(options: net.ServerOpts = {}): Promise<{ accepted: net.Socket; client: net.Socket }> {
  const server = net.createServer(options).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [net.Socket];
  server.close();
  return { accepted, client };
}

const MESSAGES = Array.from({ length: 20 }, (_, index) => `message ${index};`);

/** Writes messages that the kernel has when this returns, after turns in which a socket that is read would read them. */
async function writeAll(client: net.Socket, messages = MESSAGES): Promise<void> {
  for (const message of messages) await new Promise((resolve) => client.write(message, resolve));
}

async function read(socket: net.Socket, length: number): Promise<string> {
  let all = '';
  while (all.length < length) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) await once(socket, 'readable');
    else all += chunk.toString();
  }
  return all;
}

const ALL = MESSAGES.join('');

it('an upgraded HTTP connection that waits behind a full channel loses no message of its client', async () => {
  const before = fill(left);
  const server = http.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const request = http.get({
    port: (server.address() as net.AddressInfo).port,
    headers: { connection: 'Upgrade', upgrade: 'frames' },
  });
  const [, socket, head] = (await once(server, 'upgrade')) as [http.IncomingMessage, net.Socket, Buffer];
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: frames\r\n\r\n');
  const [, client] = (await once(request, 'upgrade')) as [http.IncomingMessage, net.Socket];
  const sent = left.send('x', [socket], { transfer: true });
  await writeAll(client);
  const worker = fds.toSocket(await arrived(before));
  await sent;
  await until(() => socket.destroyed);
  expect(head.toString() + (await read(worker, ALL.length))).toBe(ALL);
  for (const each of [worker, client]) each.destroy();
  server.close();
});

describe.each([
  ['that flows', (socket: net.Socket) => void socket.on('data', () => undefined)],
  ['that nobody listens to', () => undefined],
  ['that starts to flow while it waits', undefined],
])('a net.Socket %s', (_what, prepare) => {
  it('is not read while it waits, nor once it was sent, until it is resumed', async () => {
    const before = fill(left);
    const { accepted, client } = await connection({ pauseOnConnect: prepare === undefined });
    prepare?.(accepted);
    const sent = left.send('x', [accepted]);
    if (prepare === undefined) accepted.resume();
    await writeAll(client);
    const fd = await arrived(before);
    await sent;
    await writeAll(client, ['end']);
    expect([accepted.bytesRead, accepted.readableLength]).toEqual([0, 0]);
    const worker = fds.toSocket(fd, { allowHalfOpen: true });
    expect(await read(worker, ALL.length + 3)).toBe(`${ALL}end`);
    worker.destroy();

    let heard = '';
    accepted.on('data', (chunk: Buffer) => (heard += chunk.toString())).resume();
    await writeAll(client, ['after']);
    await until(() => heard === 'after');
    for (const each of [accepted, client]) each.destroy();
  });

  it('is read on as before when it cannot be sent', async () => {
    fill(left);
    const { accepted, client } = await connection({ pauseOnConnect: prepare === undefined });
    let heard = '';
    prepare?.(accepted);
    const abort = new AbortController();
    const sends = [abort.signal, undefined].map((signal) =>
      codeOf(() => left.send('x', [accepted], signal && { signal })),
    );
    if (prepare === undefined) accepted.resume();
    await writeAll(client);
    abort.abort();
    await writeAll(client, ['more']);
    expect(accepted.bytesRead).toBe(0);
    left.destroy();
    expect(await Promise.all(sends)).toEqual(['ABORT_ERR', 'ERR_FD_CLOSED']);
    accepted.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    await until(() => heard.length === ALL.length + 4);
    expect(heard).toBe(`${ALL}more`);
    for (const each of [accepted, client]) each.destroy();
  });
});

it('a net.Socket with onread is not read while it waits, and read on when it cannot be sent', async () => {
  fill(left);
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepting = once(server, 'connection') as Promise<[net.Socket]>;
  let heard = '';
  const client = net.connect({
    port: (server.address() as net.AddressInfo).port,
    onread: {
      buffer: Buffer.alloc(1000),
      callback: (length, memory) => {
        heard += Buffer.from(memory.subarray(0, length)).toString();
        return true;
      },
    },
  });
  const [[accepted]] = await Promise.all([accepting, once(client, 'connect')]);
  const sent = codeOf(() => left.send('x', [client]));
  client.pause();
  client.resume();
  accepted.end(ALL);
  await once(accepted, 'finish');
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toBe('');
  left.destroy();
  expect(await sent).toBe('ERR_FD_CLOSED');
  await until(() => heard.length === ALL.length);
  client.destroy();
  server.close();
});

it('an FdSocket is not read while it waits, and read on when it cannot be sent', async () => {
  fill(left);
  const [given, peer] = socketpair();
  const next = given.frames().next();
  const sent = codeOf(() => left.send('x', [given]));
  await peer.send('abc');
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(given.stats.bytesRead).toBe(0);
  left.destroy();
  expect(await sent).toBe('ERR_FD_CLOSED');
  const { value } = (await next) as { value: { bytes: Buffer } };
  expect(value.bytes.toString()).toBe('abc');
  await destroyed(given, peer);
});

describe('an fs.ReadStream', () => {
  const where = path.join(runDirectory(), `given-${process.pid}`);
  beforeAll(() => fs.writeFileSync(where, ALL));
  afterAll(() => fs.rmSync(where));

  it('that is being read is ERR_FD_BUSY', async () => {
    const stream = fs.createReadStream(where);
    await once(stream, 'open');
    stream.resume();
    await new Promise((resolve) => process.nextTick(resolve));
    expect(await codeOf(() => left.send('x', [stream]))).toBe('ERR_FD_BUSY');
    await once(stream, 'close');
  });

  it('is not read while it waits, though it is resumed, and read when it cannot be sent', async () => {
    const before = fill(left);
    const [taken, kept] = [fs.createReadStream(where), fs.createReadStream(where)];
    await Promise.all([once(taken, 'open'), once(kept, 'open')]);
    const sent = left.send('x', [taken], { transfer: true });
    const refused = new AbortController();
    const failed = codeOf(() => left.send('y', [kept], { signal: refused.signal }));
    let heard = '';
    taken.on('data', (chunk) => (heard += String(chunk)));
    kept.on('data', (chunk) => (heard += String(chunk)));
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toBe('');
    refused.abort();
    expect(await failed).toBe('ABORT_ERR');
    if (!kept.closed) await once(kept, 'close');
    expect(heard).toBe(ALL);
    const fd = await arrived(before);
    await sent;
    expect(fs.readFileSync(fd.fd, 'utf8')).toBe(ALL);
    fd.close();
  });
});

describe('handoff with acknowledge', () => {
  it('a connection that the receiver refuses is read on here', async () => {
    const { accepted, client } = await connection();
    let heard = '';
    accepted.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    const sent = codeOf(() => handoff.sendFd(left, accepted, { acknowledge: true }));
    const frame = await right.receive(1);
    await writeAll(client);
    expect(accepted.bytesRead).toBe(0);
    frame.close();
    await right.send('N');
    expect(await sent).toBe('ERR_FD_REFUSED');
    await until(() => heard.length === ALL.length);
    for (const each of [accepted, client]) each.destroy();
  });

  it('one that it acknowledges late loses nothing meanwhile', async () => {
    const { accepted, client } = await connection();
    accepted.resume();
    const sent = handoff.sendFd(left, accepted, { acknowledge: true });
    const fd = await handoff.receiveFd(right, { acknowledge: false });
    await writeAll(client);
    await right.send('A');
    await sent;
    const worker = fds.toSocket(fd);
    expect(await read(worker, ALL.length)).toBe(ALL);
    for (const each of [worker, accepted, client]) each.destroy();
  });
});
