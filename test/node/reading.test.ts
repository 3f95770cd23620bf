import { once } from 'node:events';
import { PassThrough, pipeline, Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { behaviours, closed, pattern, record } from './behaviours';

behaviours('reading', {
  async 'gives chunks as Buffers, and their sum is what was sent'(world) {
    const [client, server] = await world.pair();
    const bytes = pattern(300_000);
    server.end(bytes);
    const chunks: unknown[] = [];
    client.on('data', (chunk) => chunks.push(chunk));
    await once(client, 'end');
    expect(chunks.every((chunk) => Buffer.isBuffer(chunk))).toBe(true);
    expect(Buffer.concat(chunks as Buffer[]).equals(bytes)).toBe(true);
    expect(client.bytesRead).toBe(300_000);
  },

  async 'decodes characters that come in pieces'(world) {
    const [client, server] = await world.pair();
    client.setEncoding('utf8');
    const euro = Buffer.from('€ and 𝄞');
    let content = '';
    client.on('data', (piece: string) => (content += piece));
    for (const byte of euro) await new Promise((resolve) => server.write(Buffer.of(byte), resolve));
    server.end();
    await once(client, 'end');
    expect(content).toBe('€ and 𝄞');
  },

  async 'gives nothing while paused, and all of it afterwards'(world) {
    const [client, server] = await world.pair();
    const chunks: string[] = [];
    client.on('data', (chunk: Buffer) => chunks.push(String(chunk)));
    server.write('first');
    await once(client, 'data');
    client.pause();
    await new Promise((resolve) => server.write('second', resolve));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect([chunks, client.isPaused()]).toEqual([['first'], true]);
    client.resume();
    await once(client, 'data');
    expect(chunks).toEqual(['first', 'second']);
  },

  async 'can be paused and resumed by every chunk'(world) {
    const [client, server] = await world.pair();
    server.end(pattern(1_000_000));
    let length = 0;
    client.on('data', (chunk: Buffer) => {
      length += chunk.length;
      client.pause();
      setImmediate(() => client.resume());
    });
    await once(client, 'end');
    expect(length).toBe(1_000_000);
  },

  async 'read(size) gives exactly so many, or null while there are fewer'(world) {
    const [client, server] = await world.pair();
    server.write('abcdef');
    await once(client, 'readable');
    expect(String(client.read(2))).toBe('ab');
    expect(String(client.read(3))).toBe('cde');
    expect(client.read(3)).toBeNull();
    server.end('gh');
    while (client.readableLength < 3) await new Promise(setImmediate);
    expect(String(client.read(3))).toBe('fgh');
    client.resume();
    await once(client, 'end');
    expect(client.read()).toBeNull();
  },

  async [`at the end 'readable' comes once more`](world) {
    const [client, server] = await world.pair();
    const read: unknown[] = [];
    client.on('readable', () => {
      for (let chunk = client.read() as Buffer | null; chunk !== null; chunk = client.read() as Buffer | null) {
        read.push(String(chunk));
      }
    });
    server.end('content');
    await once(client, 'end');
    expect(read.join('')).toBe('content');
    expect([client.readable, client.readableEnded]).toEqual([false, true]);
  },

  async 'unshift() puts back what was read too far'(world) {
    const [client, server] = await world.pair();
    server.write('head;body');
    const [chunk] = (await once(client, 'data')) as [Buffer];
    client.pause();
    client.unshift(chunk.subarray(5));
    const more = once(client, 'data');
    client.resume();
    const [again] = (await more) as [Buffer];
    expect(String(again)).toBe('body');
  },

  async 'for await reads to the end, and closes'(world) {
    const [client, server] = await world.pair();
    server.write('one');
    server.end('two');
    let content = '';
    for await (const chunk of client) content += String(chunk);
    expect(content).toBe('onetwo');
    await closed(client);
  },

  async 'leaving for await destroys the socket'(world) {
    const [client, server] = await world.pair();
    server.on('error', () => undefined);
    server.write('more than one wants');
    for await (const chunk of client) {
      expect(String(chunk)).not.toBe('');
      break;
    }
    expect(client.destroyed).toBe(true);
    server.resume();
    await closed(server);
  },

  async 'iterator() need not destroy it'(world) {
    const [client, server] = await world.pair();
    server.write('a');
    for await (const chunk of client.iterator({ destroyOnReturn: false })) {
      expect(String(chunk)).toBe('a');
      break;
    }
    expect(client.destroyed).toBe(false);
    server.end('b');
    expect(await text(client)).toBe('b');
  },

  async 'pipe() carries all through a slow reader'(world) {
    const [client, server] = await world.pair();
    const slow = new PassThrough({ highWaterMark: 100 });
    const bytes = pattern(500_000);
    server.end(bytes);
    client.pipe(slow);
    expect((await buffer(slow)).equals(bytes)).toBe(true);
  },

  async 'pipe() to itself is an echo'(world) {
    const [client, server] = await world.pair({ allowHalfOpen: true });
    server.pipe(server);
    const bytes = pattern(400_000);
    client.end(bytes);
    expect((await buffer(client)).equals(bytes)).toBe(true);
  },

  async 'unpipe() stops the flow, and what is not read stays'(world) {
    const [client, server] = await world.pair();
    const sink = new PassThrough();
    client.pipe(sink);
    server.write('piped');
    await once(sink, 'readable');
    client.unpipe(sink);
    server.end('kept');
    expect(await text(client)).toBe('kept');
    expect(String(sink.read())).toBe('piped');
  },

  async 'pipeline() closes all of it at the end'(world) {
    const [client, server] = await world.pair({ allowHalfOpen: true });
    const outcome = new Promise((resolve) => pipeline(server, new PassThrough(), server, resolve));
    client.end('through');
    expect(await text(client)).toBe('through');
    expect(await outcome).toBeUndefined();
  },

  async 'becomes a web stream'(world) {
    const [client, server] = await world.pair();
    server.end('over the web');
    const reader = Readable.toWeb(client).getReader();
    const { value } = (await reader.read()) as { value: Uint8Array };
    expect(Buffer.from(value).toString()).toBe('over the web');
    expect(await reader.read()).toMatchObject({ done: true });
  },

  async [`'end' comes once, after all is read, and not before`](world) {
    const [client, server] = await world.pair();
    const heard = record(client, 'end', 'close');
    server.end('still unread');
    await once(client, 'readable');
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(heard).toEqual([]);
    expect(await text(client)).toBe('still unread');
    await closed(client);
    expect(heard).toEqual(['end', 'close']);
  },

  async [`gives nothing more once destroyed by a listener of 'data'`](world) {
    const [client, server] = await world.pair();
    server.on('error', () => undefined);
    let chunks = 0;
    client.on('data', () => {
      chunks++;
      client.destroy();
    });
    server.write(pattern(200_000));
    await closed(client);
    expect(chunks).toBe(1);
  },

  async [`finished() tells of the peer's end`](world) {
    const [client, server] = await world.pair();
    client.resume();
    const over = finished(client, { writable: false });
    server.end();
    await over;
    expect(client.readableEnded).toBe(true);
  },

  async 'readable and its kin say what can still be read'(world) {
    const [client, server] = await world.pair();
    expect([client.readable, client.readableEnded, client.readableDidRead]).toEqual([true, false, false]);
    server.end('x');
    expect(await text(client)).toBe('x');
    expect([client.readable, client.readableEnded, client.readableDidRead]).toEqual([false, true, true]);
  },
});
