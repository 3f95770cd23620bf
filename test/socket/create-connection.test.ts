import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import {
  type ConnectOptions,
  connect,
  createConnection,
  fds,
  type FdServer,
  listen,
  type FdSocket,
} from '../../packages/ancillary';
import { built } from '../support/built';
import { node, runDirectory } from '../support/children';
import { identity } from '../support/descriptors';
import { codeOf, destroyed, nextOf } from './sockets';

let where: string;
let count = 0;
beforeEach(() => {
  where = path.join(runDirectory(), `create-connection-${process.pid}-${count++}.sock`);
});
afterEach(() => fs.rmSync(where, { force: true }));

interface Meeting extends AsyncDisposable {
  readonly server: FdServer;
  readonly client: FdSocket;
  readonly accepted: Promise<FdSocket>;
}

/** A server, and a client that is connecting to it. */
async function meet(options?: ConnectOptions): Promise<Meeting> {
  const server = await listen(where);
  const client = createConnection(where, options);
  const accepted = nextOf(server[Symbol.asyncIterator]());
  const dispose = async (): Promise<void> => {
    await destroyed(client, await accepted);
    await server.close();
  };
  return { server, client, accepted, [Symbol.asyncDispose]: dispose };
}

describe('createConnection()', () => {
  it(`is connecting at first, and then emits 'connect' and 'ready'`, async () => {
    await using meeting = await meet();
    const { client } = meeting;
    const heard: string[] = [];
    client.on('connect', () => heard.push(`connect ${client.connecting} ${client.pending} ${client.readyState}`));
    client.on('ready', () => heard.push('ready'));
    expect([client.connecting, client.pending, client.readyState]).toEqual([true, true, 'opening']);
    expect(client.fd).toBe(-1);
    expect(await codeOf(() => client.peerCredentials)).toBe('ERR_FD_CLOSED');
    await once(client, 'ready');
    expect(heard).toEqual(['connect false false open', 'ready']);
    expect(client.peerCredentials.pid).toBe(process.pid);
    client.destroy();
    expect([client.connecting, client.pending, client.readyState]).toEqual([false, true, 'closed']);
  });

  it('takes a listener in place of the options, or after them', async () => {
    const server = await listen(where);
    server.on('connection', (socket) => socket.destroy());
    const clients: FdSocket[] = [];
    await new Promise<void>((resolve) => clients.push(createConnection({ path: where }, resolve)));
    await new Promise<void>((resolve) => clients.push(createConnection(where, { highWaterMark: 10 }, resolve)));
    await destroyed(...clients);
    await server.close();
  });

  it('keeps writes and sends, with their descriptors and in their order, until it is connected', async () => {
    await using meeting = await meet();
    const { client } = meeting;
    const memory = fds.memfd('x', Buffer.from('shared'));
    const which = identity(memory.fd);
    let written = false;
    client.write('one,', () => (written = true));
    const sent = client.send('two,', [memory]);
    // Duplicated by now.
    memory.close();
    client.write('three');
    client.end();
    expect(client.bytesWritten).toBe(13);
    expect(client.stats.bytesWritten).toBe(0);

    const server = await meeting.accepted;
    const frame = await server.receive(8);
    expect(frame.bytes.toString()).toBe('one,two,');
    expect(frame.fds.map(({ fd }) => identity(fd))).toEqual([which]);
    frame.close();
    expect(await text(server)).toBe('three');
    await sent;
    expect([written, client.bytesWritten, client.stats.bytesWritten]).toEqual([true, 13, 13]);
  });

  it('keeps every way of reading until it is connected', async () => {
    await using meeting = await meet();
    const { client } = meeting;
    const received = client.receive(2);
    const server = await meeting.accepted;
    server.write('abcd');
    expect((await received).bytes.toString()).toBe('ab');
    client.once('data', (chunk: Buffer) => expect(chunk.toString()).toBe('cd'));
    await once(client, 'data');
  });

  it('reads into memory of the user, from the connection on', async () => {
    const read: string[] = [];
    const callback = (length: number, buffer: Buffer): void => void read.push(buffer.toString('latin1', 0, length));
    await using meeting = await meet({ onread: { buffer: Buffer.alloc(10), callback } });
    const server = await meeting.accepted;
    server.end('onread');
    await once(meeting.client, 'end');
    expect(read.join('')).toBe('onread');
  });

  it(`with nobody to answer is destroyed with the error of net, and so are those who wait`, async () => {
    const client = createConnection(where);
    const error = once(client, 'error');
    const read = codeOf(() => client.receive(1));
    const sent = codeOf(() => client.send('x'));
    const written = new Promise<Error | null | undefined>((resolve) => client.write('y', resolve));
    const expected = { code: 'ENOENT', syscall: 'connect', path: where, address: where };
    expect(await error).toMatchObject([{ ...expected, errno: -2 }]);
    expect([await read, await sent]).toEqual(['ENOENT', 'ENOENT']);
    expect(await written).toMatchObject(expected);
    expect(client.destroyed).toBe(true);
  });

  it('can be destroyed before it is connected: nothing is left open, and nothing is emitted but its end', async () => {
    const server = await listen(where);
    for (const waits of [false, true]) {
      const target = waits ? `${where}.nobody` : where;
      const client = createConnection(target, { retry: true });
      client.on('connect', () => expect(waits).toBe('never'));
      const sent = codeOf(() => client.send('x', [fs.openSync('/dev/null', 'r')], { transfer: true }));
      client.destroy();
      client.destroy();
      await once(client, 'close');
      expect(await sent).toBe('ERR_FD_CLOSED');
      expect([client.connecting, client.pending, client.destroyed]).toEqual([false, true, true]);
    }
    await server.close();
  });

  it('gives up when its signal aborts, and not once it is connected', async () => {
    for (const signal of [AbortSignal.abort(), AbortSignal.timeout(1)]) {
      const client = createConnection(where, { retry: true, signal });
      expect(await once(client, 'error')).toMatchObject([{ name: 'AbortError', code: 'ABORT_ERR' }]);
    }
    const server = await listen(where);
    const early = new AbortController();
    const connected = createConnection(where, { signal: early.signal });
    connected.on('connect', () => expect('connect').toBe('never emitted'));
    early.abort();
    expect(await once(connected, 'error')).toMatchObject([{ code: 'ABORT_ERR' }]);
    await server.close();

    const controller = new AbortController();
    await using meeting = await meet({ signal: controller.signal });
    await once(meeting.client, 'connect');
    controller.abort();
    expect(meeting.client.destroyed).toBe(false);
  });

  it('has one listener on a signal, however many sockets it is for', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    const controller = new AbortController();
    const { signal } = controller;
    const clients = Array.from({ length: 20 }, () => createConnection(where, { retry: true, signal }));
    const promised = Array.from({ length: 20 }, () => codeOf(() => connect(where, { retry: true, signal })));
    const failed = clients.map((client) => once(client, 'error'));
    controller.abort();
    await Promise.all(failed);
    expect(await Promise.all(promised)).toEqual(Array(20).fill('ABORT_ERR'));
    await new Promise(setImmediate);
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });

  it('with retry waits for a server that comes later, until its timeout', async () => {
    const late = createConnection(where, { retry: true, timeout: 2 });
    expect(await once(late, 'error')).toMatchObject([{ code: 'ETIMEDOUT', cause: { code: 'ENOENT' } }]);
    const client = createConnection(where, { retry: true });
    client.end('x');
    const server = await listen(where);
    const accepted = await nextOf(server[Symbol.asyncIterator]());
    expect(await text(accepted)).toBe('x');
    await destroyed(client, accepted);
    await server.close();
  });

  it('refuses what is no address, no options and no listener at once', async () => {
    expect(await codeOf(() => createConnection(5 as never))).toBe('ERR_INVALID_ARG_VALUE');
    expect(await codeOf(() => createConnection(where, { timeout: -1 }))).toBe('ERR_OUT_OF_RANGE');
    expect(await codeOf(() => createConnection(where, { allowHalfOpen: 1 as never }))).toBe('ERR_INVALID_ARG_TYPE');
    expect(await codeOf(() => createConnection(where, {}, 'x' as never))).toBe('ERR_INVALID_ARG_TYPE');
  });

  it('keeps the event loop running until it is connected, unless it is unreferenced', async () => {
    const source = (statement: string): string => `
      const { createConnection } = require(${JSON.stringify(built())});
      const socket = createConnection(${JSON.stringify(where)}, { retry: true, timeout: 30 });
      socket.on('error', (error) => console.log(error.code));
      ${statement}`;
    expect((await node(source('')).succeeded()).stdout).toBe('ETIMEDOUT\n');
    expect((await node(source('socket.unref();')).succeeded()).stdout).toBe('');
    expect((await node(source('socket.unref().ref();')).succeeded()).stdout).toBe('ETIMEDOUT\n');
  });
});
