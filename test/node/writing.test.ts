import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { anError, behaviours, closed, errorWith, pattern, record } from './behaviours';
import type { NodeSocket } from './implementations';

function written(socket: NodeSocket, chunk: unknown): Promise<Error | null | undefined> {
  return new Promise((resolve) => socket.write(chunk, resolve));
}

behaviours('writing', {
  async 'calls back in order'(world) {
    const [client, server] = await world.pair();
    server.resume();
    const order: number[] = [];
    for (let index = 0; index < 50; index++) client.write(`${index}`, () => order.push(index));
    await written(client, 'last');
    expect(order).toEqual([...Array(50).keys()]);
  },

  async 'takes strings in every encoding, Buffers, and Uint8Arrays'(world) {
    const [client, server] = await world.pair();
    client.write('€');
    client.write('e282ac', 'hex');
    client.write('4oKs', 'base64');
    client.write('\xe2\x82\xac', 'latin1');
    client.write(Uint8Array.of(0xe2, 0x82, 0xac));
    client.write('a', 'utf16le');
    client.end(Buffer.from('!'));
    expect(await buffer(server)).toEqual(Buffer.from('€€€€€a\0!'));
  },

  async 'setDefaultEncoding() holds for those without'(world) {
    const [client, server] = await world.pair();
    client.setDefaultEncoding('hex');
    client.end('414243');
    expect(await text(server)).toBe('ABC');
  },

  async 'write() of nothing calls back and sends nothing'(world) {
    const [client, server] = await world.pair();
    expect(await written(client, '')).not.toEqual(anError);
    expect(await written(client, Buffer.alloc(0))).not.toEqual(anError);
    client.end('x');
    expect(await text(server)).toBe('x');
  },

  async 'refuses what is no chunk, and goes on'(world) {
    const [client, server] = await world.pair();
    for (const [chunk, code] of [
      [null, 'ERR_STREAM_NULL_VALUES'],
      [5, 'ERR_INVALID_ARG_TYPE'],
      [{}, 'ERR_INVALID_ARG_TYPE'],
      [undefined, 'ERR_INVALID_ARG_TYPE'],
    ] as const) {
      expect(() => client.write(chunk)).toThrow(errorWith({ code }));
    }
    client.end('ok');
    expect(await text(server)).toBe('ok');
  },

  async [`returns false when too much waits, and emits 'drain' when it has left`](world) {
    const [client, server] = await world.pair();
    const bytes = pattern(3_000_000);
    let done = false;
    expect(client.write(bytes, () => (done = true))).toBe(false);
    expect([client.writableNeedDrain, client.writableLength > 0]).toEqual([true, true]);
    const drained = once(client, 'drain');
    server.resume();
    await drained;
    expect([done, client.writableNeedDrain, client.writableLength]).toEqual([true, false, 0]);
  },

  async 'sends what is large as it was'(world) {
    const [client, server] = await world.pair();
    const bytes = pattern(5_000_000);
    client.end(bytes);
    expect((await buffer(server)).equals(bytes)).toBe(true);
    expect(server.bytesRead).toBe(5_000_000);
  },

  async 'sends what is many and small in its order'(world) {
    const [client, server] = await world.pair();
    let expected = '';
    for (let index = 0; index < 5_000; index++) {
      expected += `${index};`;
      client.write(`${index};`);
    }
    client.end();
    expect(await text(server)).toBe(expected);
  },

  async 'cork() keeps all until uncork()'(world) {
    const [client, server] = await world.pair();
    let content = '';
    server.on('data', (chunk: Buffer) => (content += String(chunk)));
    client.cork();
    client.write('a');
    client.write('b');
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect([content, client.writableCorked]).toEqual(['', 1]);
    client.uncork();
    await once(server, 'data');
    expect(content).toBe('ab');
  },

  async 'end() uncorks'(world) {
    const [client, server] = await world.pair();
    client.cork();
    client.write('a');
    client.end('b');
    expect(await text(server)).toBe('ab');
  },

  async 'bytesWritten counts all that was written, sent or not'(world) {
    const [client, server] = await world.pair();
    client.write('€', 'utf8');
    client.write('e2', 'hex');
    client.write(pattern(1_000_000));
    expect(client.bytesWritten).toBe(1_000_004);
    server.resume();
    await written(client, 'x');
    expect(client.bytesWritten).toBe(1_000_005);
  },

  async 'fails after end()'(world) {
    const [client, server] = await world.pair();
    server.resume();
    client.end();
    const failed = once(client, 'error');
    expect(await written(client, 'late')).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
    expect(await failed).toMatchObject([{ code: 'ERR_STREAM_WRITE_AFTER_END' }]);
  },

  async [`once destroyed, fails in the callback alone`](world) {
    const [client] = await world.pair();
    const heard = record(client, 'error');
    client.destroy();
    expect(await written(client, 'late')).toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
    await closed(client);
    expect(heard).toEqual([]);
  },

  async [`fails what waits when the socket is destroyed`](world) {
    const [client] = await world.pair();
    const outcomes = Array.from({ length: 3 }, () => written(client, pattern(1_000_000)));
    client.destroy();
    // In net, the write that is under way succeeds.
    for (const outcome of (await Promise.all(outcomes)).slice(1)) expect(outcome).toEqual(anError);
  },

  async [`end() calls back with 'finish', and what was written arrives before the end`](world) {
    const [client, server] = await world.pair();
    const heard = record(client, 'finish');
    const content = text(server);
    await new Promise<void>((resolve) => client.end('all of it', resolve));
    expect([heard, client.writableFinished, client.writableEnded, client.writable]).toEqual([
      ['finish'],
      true,
      true,
      false,
    ]);
    expect(await content).toBe('all of it');
  },

  async 'destroySoon() sends everything first'(world) {
    const [client, server] = await world.pair();
    client.write(pattern(1_000_000));
    client.destroySoon();
    client.destroySoon();
    expect((await buffer(server)).length).toBe(1_000_000);
    await closed(client);
    expect(client.errored).toBeNull();
  },

  async 'destroySoon() with nothing to send closes'(world) {
    const [client, server] = await world.pair();
    server.resume();
    client.destroySoon();
    await Promise.all([closed(client), closed(server)]);
    expect([client.destroyed, server.destroyed]).toEqual([true, true]);
  },

  async 'pipeline() from a Readable waits as the peer reads'(world) {
    const [client, server] = await world.pair();
    const pieces = Array.from({ length: 100 }, () => pattern(10_000));
    const [received] = await Promise.all([buffer(server), pipeline(Readable.from(pieces), client)]);
    expect(received.equals(Buffer.concat(pieces))).toBe(true);
  },

  async [`a write callback may write, and end`](world) {
    const [client, server] = await world.pair();
    client.write('a', () => client.write('b', () => client.end('c')));
    expect(await text(server)).toBe('abc');
  },

  async [`a listener of 'drain' may go on`](world) {
    const [client, server] = await world.pair();
    const chunk = pattern(50_000);
    let left = 40;
    const more = (): void => {
      while (left > 0) {
        left--;
        if (!client.write(chunk)) return;
      }
      client.end();
    };
    client.on('drain', more);
    more();
    expect((await buffer(server)).length).toBe(2_000_000);
  },
});
