import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { behaviours, closed, content, pattern, record } from './behaviours';

const HALF_OPEN = { allowHalfOpen: true };

behaviours('ending', {
  async [`ends with the peer, as allowHalfOpen: false has it`](world) {
    const [client, server] = await world.pair({ allowHalfOpen: false });
    const heard = record(client, 'end', 'finish', 'close');
    client.resume();
    server.end();
    server.resume();
    await Promise.all([closed(client), closed(server)]);
    expect(heard).toEqual(['end', 'finish', 'close']);
    expect([client.allowHalfOpen, client.writableEnded]).toEqual([false, true]);
  },

  async [`'close' says whether there was an error`](world) {
    const [client, server] = await world.pair();
    const heard = [client, server].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    client.on('error', () => undefined).destroy(new Error('mine'));
    server.resume().end();
    expect(await Promise.all(heard)).toEqual([true, false]);
  },

  async [`what a listener of 'end' writes still arrives`](world) {
    const [client, server] = await world.pair({ allowHalfOpen: false }, HALF_OPEN);
    client.resume().on('end', () => client.write('last words'));
    server.end();
    expect(await text(server)).toBe('last words');
  },

  async 'a write just after the sending side has ended with the peer fails with EPIPE'(world) {
    const [client, server] = await world.pair({ allowHalfOpen: false }, HALF_OPEN);
    server.resume();
    const failed = once(client, 'error');
    const outcome = new Promise((resolve) => {
      const write = (): void => void client.write('late', resolve);
      client.resume().on('end', () => process.nextTick(() => process.nextTick(write)));
    });
    server.end();
    expect(await outcome).toMatchObject({ code: 'EPIPE' });
    expect(await failed).toMatchObject([{ code: 'EPIPE' }]);
  },

  async 'stays open for sending, half-open'(world) {
    const [client, server] = await world.pair(HALF_OPEN);
    client.end('question');
    expect(await content(server)).toBe('question');
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect([server.writable, server.readable, server.destroyed]).toEqual([true, false, false]);
    server.end('answer');
    expect(await text(client)).toBe('answer');
    await Promise.all([closed(client), closed(server)]);
  },

  async 'readyState says which half is open'(world) {
    const [client, server] = await world.pair(HALF_OPEN);
    server.end();
    client.resume();
    await once(client, 'end');
    expect([client.readyState, server.readyState]).toEqual(['writeOnly', 'readOnly']);
    client.end();
    server.resume();
    await Promise.all([closed(client), closed(server)]);
    expect([client.readyState, server.readyState]).toEqual(['closed', 'closed']);
  },

  async 'closes by itself when both directions have ended'(world) {
    const [client, server] = await world.pair(HALF_OPEN);
    client.resume();
    server.resume();
    client.end();
    await once(server, 'end');
    expect(client.destroyed).toBe(false);
    server.end();
    await Promise.all([closed(client), closed(server)]);
    expect([client.destroyed, client.errored, server.destroyed]).toEqual([true, null, true]);
  },

  async 'destroy() closes at once, and the peer sees the end'(world) {
    const [client, server] = await world.pair();
    const heard = record(server, 'end', 'error', 'close');
    server.resume();
    client.destroy();
    expect(client.destroyed).toBe(true);
    await Promise.all([closed(client), closed(server)]);
    expect(heard).toEqual(['end', 'close']);
  },

  async 'destroy(error) emits it once, and then closes'(world) {
    const [client] = await world.pair();
    const heard = record(client, 'error', 'end', 'finish', 'close');
    const error = new Error('enough');
    client.destroy(error);
    client.destroy(new Error('again'));
    await closed(client);
    expect([heard, client.errored]).toEqual([['error', 'close'], error]);
  },

  async 'destroy() twice closes once'(world) {
    const [client] = await world.pair();
    const heard = record(client, 'close');
    expect(client.destroy()).toBe(client);
    client.destroy();
    await closed(client);
    expect(heard).toEqual(['close']);
  },

  async 'sends nothing of what still waits when it is destroyed'(world) {
    const [client, server] = await world.pair();
    server.on('error', () => undefined);
    client.write(pattern(5_000_000));
    client.destroy();
    server.resume();
    await closed(server);
    expect(server.bytesRead).toBeLessThan(5_000_000);
  },

  async 'a peer that is destroyed with bytes unread resets the connection'(world) {
    const [client, server] = await world.pair();
    await new Promise((resolve) => client.write('never read', resolve));
    server.destroy();
    client.resume();
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    await closed(client);
  },

  async 'a write to a peer that is gone fails with EPIPE, and closes'(world) {
    const [client, server] = await world.pair(HALF_OPEN);
    server.destroy();
    await closed(server);
    const heard = record(client, 'error', 'close');
    expect(await new Promise((resolve) => client.write('x', resolve))).toMatchObject({ code: 'EPIPE', errno: -32 });
    await closed(client);
    expect(heard).toEqual(['error', 'close']);
  },

  async 'a peer that is destroyed while one writes lets nobody hang'(world) {
    const [client, server] = await world.pair();
    client.on('error', () => undefined);
    const outcome = new Promise((resolve) => client.write(pattern(5_000_000), resolve));
    server.destroy();
    await outcome;
    await closed(client);
  },

  async 'end() twice, and with bytes, ends once'(world) {
    const [client, server] = await world.pair();
    const heard = record(client, 'finish');
    const content = text(server);
    client.end('once');
    client.end();
    expect(await content).toBe('once');
    await closed(client);
    expect(heard).toEqual(['finish']);
  },

  async 'a server may end first, with everything that it wrote before'(world) {
    await world.listen((socket) => {
      socket.write(pattern(700_000));
      socket.end('.');
    });
    const client = world.connect();
    let length = 0;
    client.on('data', (chunk: Buffer) => (length += chunk.length));
    await closed(client);
    expect(length).toBe(700_001);
  },
});
