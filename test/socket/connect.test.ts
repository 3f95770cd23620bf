import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { adopt, connect, fds, listen, OwnedFd, raw, socketpair } from '../../packages/ancillary';
import { nativeBinding } from '../../packages/binding-native';
import { runDirectory } from '../support/children';
import { bytesOf, codeOf, destroyed, nextOf } from './sockets';

let where: string;
let count = 0;
beforeEach(() => {
  where = path.join(runDirectory(), `connect-${process.pid}-${count++}.sock`);
});
afterEach(() => fs.rmSync(where, { force: true }));

describe('connect()', () => {
  it('fails with what connect(2) says, and names the address', async () => {
    await expect(connect(where)).rejects.toMatchObject({ code: 'ENOENT', syscall: 'connect', path: where });
    fs.writeFileSync(where, '');
    await expect(connect(where)).rejects.toMatchObject({ code: 'ECONNREFUSED', errno: expect.any(Number) as number });
    await expect(connect({ abstract: 'nobody listens here' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('to a datagram socket, as of $NOTIFY_SOCKET, says what that is', async () => {
    using bound = nativeBinding.datagramSocket();
    nativeBinding.bind(bound, { path: where });
    await expect(connect(where)).rejects.toMatchObject({
      code: 'EPROTOTYPE',
      message: `connect EPROTOTYPE: ${where} is a datagram or seqpacket socket, and no stream socket`,
    });
  });

  it('with retry waits for a server that comes later', async () => {
    const connecting = connect(where, { retry: true, timeout: 20_000 });
    const server = await listen(where);
    const accepted = await nextOf(server[Symbol.asyncIterator]());
    const client = await connecting;
    await client.send('x');
    await destroyed(client, accepted);
    await server.close();
  });

  it('with retry gives up at the timeout: ETIMEDOUT with the last refusal as its cause', async () => {
    await expect(connect(where, { retry: true, timeout: 20 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      cause: { code: 'ENOENT' },
    });
  });

  it('with a signal gives up at once, before and during the wait', async () => {
    expect(await codeOf(() => connect(where, { retry: true, signal: AbortSignal.abort() }))).toBe('ABORT_ERR');
    const controller = new AbortController();
    const connecting = connect(where, { retry: true, signal: controller.signal });
    controller.abort();
    expect(await codeOf(() => connecting)).toBe('ABORT_ERR');
  });

  it('refuses options that are none', async () => {
    expect(await codeOf(() => connect(where, { onSurplus: 'ignore' as 'close' }))).toBe('ERR_INVALID_ARG_VALUE');
    expect(await codeOf(() => connect(5 as unknown as string))).toBe('ERR_INVALID_ARG_VALUE');
    expect(await codeOf(() => connect({ abstract: '' }))).toBe('ERR_INVALID_ARG_VALUE');
  });
});

describe('adopt()', () => {
  it('takes over a number, and an OwnedFd', async () => {
    const [left, right] = nativeBinding.socketpair();
    const number = left.take();
    const first = adopt(number);
    expect(first.fd).toBe(number);
    const second = adopt(right);
    expect(right.closed).toBe(true);
    await first.send('hello');
    expect((await second.receive(5)).bytes.toString()).toBe('hello');
    expect(await codeOf(() => adopt(number))).toBe('ERR_FD_BUSY');
    expect(await codeOf(() => OwnedFd.adopt(number))).toBe('ERR_FD_BUSY');
    await destroyed(first, second);
  });

  it('takes over a net.Socket accepted with pauseOnConnect, with all that was sent before', async () => {
    const server = net.createServer({ pauseOnConnect: true }).listen(where);
    await once(server, 'listening');
    const client = await connect(where);
    const [reader, writer] = fds.pipe();
    await client.send('early', [reader]);
    const [accepted] = (await once(server, 'connection')) as [net.Socket];
    const socket = adopt(accepted);
    expect(accepted.destroyed).toBe(true);
    const frame = await socket.receive(5);
    expect(frame.fds).toHaveLength(1);
    frame.close();
    OwnedFd.closeAll([reader, writer]);
    await destroyed(client, socket);
    server.close();
    await once(server, 'close');
  });

  it('refuses a net.Socket that Node has read from, which goes on', async () => {
    const server = net.createServer().listen(where);
    await once(server, 'listening');
    const client = await connect(where);
    const [accepted] = (await once(server, 'connection')) as [net.Socket];
    await client.send('early');
    accepted.on('readable', () => undefined);
    await once(accepted, 'readable');
    await expect(codeOf(() => adopt(accepted))).resolves.toBe('ERR_FD_BUSY');
    expect(String(accepted.read())).toBe('early');
    accepted.destroy();
    await destroyed(client);
    server.close();
    await once(server, 'close');
  });

  it('refuses everything else with ERR_FD_KIND and leaves it open', async () => {
    const server = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const tcp = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    const [connection] = await Promise.all([once(server, 'connection'), once(tcp, 'connect')]);
    expect(await codeOf(() => adopt(tcp))).toBe('ERR_FD_KIND');
    expect(tcp.destroyed).toBe(false);
    tcp.destroy();
    (connection[0] as net.Socket).destroy();
    server.close();
    await once(server, 'close');

    const memfd = fds.memfd('x');
    expect(await codeOf(() => adopt(memfd))).toBe('ERR_FD_KIND');
    expect(memfd.closed).toBe(false);
    const number = memfd.take();
    expect(await codeOf(() => adopt(number))).toBe('ERR_FD_KIND');
    OwnedFd.adopt(number).close();
    expect(await codeOf(() => adopt(number))).toBe('EBADF');
    expect(await codeOf(() => adopt(-1))).toBe('ERR_INVALID_ARG_VALUE');
  });
});

describe('limits', () => {
  it('maxQueuedFds: reading pauses there, at most one bundle over, and goes on when frames are taken', async () => {
    const [left, right] = socketpair({ maxQueuedFds: 10 });
    const memfd = fds.memfd('x');
    for (let index = 0; index < 50; index++) raw.sendMessage(left, Buffer.from('x'), Array(4).fill(memfd) as OwnedFd[]);
    const frames = right.frames();
    (await nextOf(frames)).close();
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    const { fdsReceived } = right.stats;
    expect(fdsReceived).toBeGreaterThanOrEqual(10);
    expect(fdsReceived).toBeLessThanOrEqual(4 + 10 + 3);
    for (let index = 1; index < 50; index++) (await nextOf(frames)).close();
    expect(right.stats.fdsReceived).toBe(200);
    memfd.close();
    await destroyed(left, right);
  });

  it('highWaterMark: reading pauses there, and a frame larger than it still completes', async () => {
    const [left, right] = socketpair({ highWaterMark: 1_000 });
    const length = 300_000;
    const sent = left.send(Buffer.alloc(length));
    const frame = await right.receive(length);
    expect(frame.bytes.length).toBe(length);
    await sent;
    const frames = right.frames();
    await left.send('x');
    await frames.next();
    for (let index = 0; index < 100; index++) raw.sendMessage(left, Buffer.alloc(100));
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(right.stats.bytesRead).toBeLessThanOrEqual(length + 1 + 2_000);
    left.end();
    let rest = 0;
    for await (const { bytes } of frames) rest += bytes.length;
    expect(rest).toBe(10_000);
    await destroyed(left, right);
  });

  it('without a consumer nothing at all is read', async () => {
    const [left, right] = socketpair();
    await left.send('waits in the kernel');
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(right.stats.bytesRead).toBe(0);
    left.end();
    expect((await bytesOf(right)).toString()).toBe('waits in the kernel');
    await destroyed(left, right);
  });
});
