import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { type FdLike, type FdSocket, fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { runDirectory } from '../support/children';
import { identity, openDescriptors } from '../support/descriptors';
import { codeOf, destroyed, fill, nextOf } from './sockets';

let left: FdSocket;
let right: FdSocket;
beforeEach(() => {
  [left, right] = socketpair();
});
afterEach(() => destroyed(left, right));

/** Sends one source with `transfer`, and tells the identity of what arrived. */
async function transfer(source: FdLike): Promise<string> {
  await left.send('x', [source], { transfer: true });
  const frame = await right.receive(1);
  const [fd] = frame.fds;
  const arrived = fd === undefined ? 'nothing' : identity(fd.fd);
  frame.close();
  return arrived;
}

describe('transfer closes the source by its own method', () => {
  it('an OwnedFd', async () => {
    const owned = fds.memfd('owned');
    const was = identity(owned.fd);
    expect(await transfer(owned)).toBe(was);
    expect(owned.closed).toBe(true);
  });

  it('a bare number', async () => {
    const number = fds.memfd('number').take();
    const was = identity(number);
    expect(await transfer(number)).toBe(was);
    // What was received may have had the number next.
    expect(openDescriptors().has(number)).toBe(false);
  });

  it('a FileHandle', async () => {
    const handle = await fs.promises.open(__filename);
    const was = identity(handle.fd);
    const closed = once(handle as unknown as NodeJS.EventEmitter, 'close');
    expect(await transfer(handle)).toBe(was);
    await closed;
  });

  it('an fs.ReadStream and an fs.WriteStream', async () => {
    for (const open of [
      () => fs.createReadStream(__filename),
      () => fs.createWriteStream(path.join(runDirectory(), 'written')),
    ]) {
      const stream = open();
      await once(stream, 'open');
      const was = identity((stream as unknown as { fd: number }).fd);
      const closed = once(stream, 'close');
      expect(await transfer(stream)).toBe(was);
      await closed;
    }
  });

  it('a net.Socket and a net.Server, which go on at the other end', async () => {
    const server = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const client = net.connect(port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [net.Socket];

    await left.send('ab', [accepted, server], { transfer: true });
    expect(server.listening).toBe(false);
    expect(accepted.destroyed).toBe(true);
    const frame = await right.receive(2);
    const [connection, listening] = frame.fds;
    if (connection === undefined || listening === undefined) throw new Error('two descriptors were sent');
    const passedOn = fds.toSocket(connection);
    const passedServer = fds.toServer(listening);
    passedOn.end('hello from elsewhere');
    expect(await text(client)).toBe('hello from elsewhere');
    const second = net.connect(port, '127.0.0.1');
    const [other] = (await once(passedServer, 'connection')) as [net.Socket];
    other.end('second');
    expect(await text(second)).toBe('second');
    passedServer.close();
    await once(passedServer, 'close');
    passedOn.destroy();
  });

  it('an FdSocket', async () => {
    const [inner, outer] = socketpair();
    const was = identity(inner.fd);
    expect(await transfer(inner)).toBe(was);
    expect(inner.destroyed).toBe(true);
    await destroyed(inner, outer);
  });

  it('also when the frame cannot be sent', async () => {
    const owned = [fds.memfd('a'), fds.memfd('b'), fds.memfd('c')] as const;
    expect(await codeOf(() => left.send('', [owned[0]], { transfer: true }))).toBe('ERR_FD_WITHOUT_BYTES');
    const signal = AbortSignal.abort();
    expect(await codeOf(() => left.send('x', [owned[1]], { transfer: true, signal }))).toBe('ABORT_ERR');
    await destroyed(left);
    expect(await codeOf(() => left.send('x', [owned[2]], { transfer: true }))).toBe('ERR_FD_CLOSED');
    for (const fd of owned) expect(fd.closed).toBe(true);
  });

  it('and not before it is sent', async () => {
    fill(left);
    const owned = fds.memfd('waits');
    const sent = left.send('x', [owned], { transfer: true });
    expect(owned.closed).toBe(false);
    right.resume();
    right.on('fds', (frame) => frame.close());
    await sent;
    expect(owned.closed).toBe(true);
  });

  it('but a number that has an owner is left to the owner', async () => {
    const owned = fds.memfd('owned');
    await transfer(owned.fd);
    expect(owned.closed).toBe(false);
    owned.close();
  });
});

describe('ERR_FD_BUSY refuses a transfer and leaves the source as it was', () => {
  it('a net.Server bound to a path', async () => {
    const where = path.join(runDirectory(), 'busy.sock');
    const server = net.createServer().listen(where);
    await once(server, 'listening');
    expect(await codeOf(() => left.send('x', [server], { transfer: true }))).toBe('ERR_FD_BUSY');
    expect(server.listening).toBe(true);
    await left.send('x', [server]);
    (await right.receive(1)).close();
    server.close();
    await once(server, 'close');
  });

  it('a TLSSocket, a net.Socket with bytes that were read or are not written', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [net.Socket];
    client.write('early bytes');
    accepted.on('readable', () => undefined);
    await once(accepted, 'readable');
    expect(await codeOf(() => left.send('x', [accepted], { transfer: true }))).toBe('ERR_FD_BUSY');
    expect(accepted.destroyed).toBe(false);
    client.cork();
    client.write('late bytes');
    expect(await codeOf(() => left.send('x', [client], { transfer: true }))).toBe('ERR_FD_BUSY');
    const secure = new tls.TLSSocket(accepted);
    expect(await codeOf(() => left.send('x', [secure]))).toBe('ERR_FD_BUSY');
    for (const socket of [secure, accepted, client]) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  it('an FdSocket that holds what nobody took', async () => {
    const [inner, outer] = socketpair();
    await outer.send('abc');
    (await inner.receive(1)).close();
    const frames = inner.frames();
    await outer.send('d');
    expect((await nextOf(frames)).bytes.toString()).toMatch(/^b/);
    inner.unshift(Buffer.from('x'));
    expect(await codeOf(() => left.send('x', [inner], { transfer: true }))).toBe('ERR_FD_BUSY');
    await destroyed(inner, outer);
  });
});

it('what has no descriptor is a TypeError, and what is closed ERR_FD_CLOSED; nothing is sent', async () => {
  const closedFd = fds.memfd('closed');
  closedFd.close();
  const unopened = fs.createReadStream(__filename);
  expect(await codeOf(() => left.send('x', [{} as FdLike]))).toBe('ERR_INVALID_ARG_TYPE');
  expect(await codeOf(() => left.send('x', [1.5]))).toBe('ERR_INVALID_ARG_TYPE');
  expect(await codeOf(() => left.send('x', [null as unknown as FdLike]))).toBe('ERR_INVALID_ARG_TYPE');
  expect(await codeOf(() => left.send('x', [closedFd]))).toBe('ERR_FD_CLOSED');
  expect(await codeOf(() => left.send('x', [unopened]))).toBe('ERR_FD_CLOSED');
  expect(await codeOf(() => left.send('x', [new net.Socket()]))).toBe('ERR_FD_CLOSED');
  expect(await codeOf(() => left.send('x', [999_999]))).toBe('EBADF');
  expect(await codeOf(() => left.send(5 as unknown as string))).toBe('ERR_INVALID_ARG_TYPE');
  unopened.destroy();
  await once(unopened, 'close');
  await left.send('!');
  const frame = await right.receive(1);
  expect(frame.bytes.toString()).toBe('!');
  expect(frame.fds).toEqual([]);
});

it('OwnedFd is the class whose take() makes a number of it', async () => {
  const owned = OwnedFd.adopt(fds.memfd('x').take());
  const was = identity(owned.fd);
  expect(await transfer(owned)).toBe(was);
});

async function text(socket: net.Socket): Promise<string> {
  let all = '';
  for await (const chunk of socket) all += String(chunk);
  return all;
}
