import { once } from 'node:events';
import { behaviours, pattern, record } from './behaviours';

behaviours('onread', {
  async 'reads into the memory that is given'(world) {
    const buffer = Buffer.alloc(64);
    const read: string[] = [];
    const given: boolean[] = [];
    const callback = (length: number, memory: Buffer): boolean => {
      given.push(memory === buffer);
      read.push(memory.toString('latin1', 0, length));
      return true;
    };
    await world.listen((socket) => socket.end('into memory'));
    const client = world.connect({ onread: { buffer, callback } });
    const heard = record(client, 'end');
    await once(client, 'end');
    expect([read.join(''), given.includes(false), heard]).toEqual(['into memory', false, ['end']]);
  },

  async 'reads all through a small buffer'(world) {
    const bytes = pattern(200_000);
    const chunks: Buffer[] = [];
    const callback = (length: number, memory: Buffer): boolean => {
      chunks.push(Buffer.from(memory.subarray(0, length)));
      return true;
    };
    await world.listen((socket) => socket.end(bytes));
    const client = world.connect({ onread: { buffer: Buffer.alloc(1_000), callback } });
    await once(client, 'end');
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    expect(client.bytesRead).toBe(200_000);
  },

  async 'asks a function for the memory of each read'(world) {
    const handed: Buffer[] = [];
    const filled: Buffer[] = [];
    const buffer = (): Buffer => {
      const memory = Buffer.alloc(10_000);
      handed.push(memory);
      return memory;
    };
    const callback = (length: number, memory: Buffer): boolean => {
      filled.push(memory.subarray(0, length));
      return true;
    };
    await world.listen((socket) => socket.end(pattern(50_000)));
    const client = world.connect({ onread: { buffer, callback } });
    await once(client, 'end');
    expect(Buffer.concat(filled).equals(pattern(50_000))).toBe(true);
    expect(handed.length).toBeGreaterThanOrEqual(filled.length);
  },

  async 'false pauses it until resume()'(world) {
    let read = '';
    let calls = 0;
    const callback = (length: number, memory: Buffer): boolean => {
      read += memory.toString('latin1', 0, length);
      return ++calls > 1;
    };
    await world.listen((socket) => socket.end('0123456789'));
    const client = world.connect({ onread: { buffer: Buffer.alloc(4), callback } });
    await once(client, 'connect');
    while (calls === 0) await new Promise(setImmediate);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(read).toBe('0123');
    client.resume();
    await once(client, 'end');
    expect(read).toBe('0123456789');
  },

  async 'pause() and resume() hold for it'(world) {
    let read = '';
    const callback = (length: number, memory: Buffer): boolean => {
      read += memory.toString('latin1', 0, length);
      return true;
    };
    const [client, server] = await world.pair({ onread: { buffer: Buffer.alloc(100), callback } }, {});
    client.pause();
    await new Promise((resolve) => server.write('later', resolve));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(read).toBe('');
    client.resume();
    server.end();
    await once(client, 'end');
    expect(read).toBe('later');
  },

  async 'writes as any other'(world) {
    const callback = (): boolean => true;
    const [client, server] = await world.pair({ onread: { buffer: Buffer.alloc(10), callback } }, {});
    client.write('written');
    const [chunk] = (await once(server, 'data')) as [Buffer];
    expect(String(chunk)).toBe('written');
  },
});
