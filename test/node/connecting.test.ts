import { once } from 'node:events';
import fs from 'node:fs';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { anError, behaviours, closed, errorWith, record, type World } from './behaviours';
import type { NodeSocket } from './implementations';

/** What the server reads from the one client of the test, until its end. */
async function received(world: World, client: () => NodeSocket): Promise<string> {
  const content = new Promise<string>((resolve, reject) => {
    world.listen((socket) => void text(socket).then(resolve, reject)).then(client, reject);
  });
  return content;
}

behaviours('connecting', {
  async [`emits 'connect' and then 'ready', once each`](world) {
    await world.listen((socket) => socket.end());
    const client = world.connect();
    const heard = record(client, 'connect', 'ready', 'end', 'close');
    client.resume();
    await closed(client);
    expect(heard).toEqual(['connect', 'ready', 'end', 'close']);
  },

  async 'says by its properties where it is'(world) {
    await world.listen(() => undefined);
    const client = world.connect();
    const states = [[client.connecting, client.pending, client.readyState]];
    const look = (): void => void states.push([client.connecting, client.pending, client.readyState]);
    client.on('connect', look).on('close', look);
    await once(client, 'ready');
    look();
    client.destroy();
    await closed(client);
    expect(states).toEqual([
      [true, true, 'opening'],
      [false, false, 'open'],
      [false, false, 'open'],
      [false, true, 'closed'],
    ]);
  },

  async 'sends in order what was written before'(world) {
    let client: NodeSocket | undefined;
    const content = await received(world, () => {
      client = world.connect();
      client.write('one ');
      client.write(Buffer.from('two '));
      client.once('connect', () => client?.end('four'));
      client.write('three ');
      return client;
    });
    expect(content).toBe('one two three four');
  },

  async 'ends once connected where it was ended before'(world) {
    const heard: string[] = [];
    const content = await received(world, () => {
      const client = world.connect();
      client.end('all', () => heard.push('finish'));
      client.on('connect', () => heard.push('connect'));
      return client;
    });
    expect([content, heard]).toEqual(['all', ['connect', 'finish']]);
  },

  async 'ends without a byte'(world) {
    expect(await received(world, () => world.connect().end())).toBe('');
  },

  async 'takes what is piped into it at once'(world) {
    const source = new PassThrough();
    const content = received(world, () => source.pipe(world.connect()));
    source.write('piped ');
    source.end('through');
    expect(await content).toBe('piped through');
  },

  async 'counts as written what waits'(world) {
    await world.listen((socket) => socket.resume());
    const client = world.connect();
    client.write('12345');
    client.write('678');
    expect(client.bytesWritten).toBe(8);
    await once(client, 'connect');
    await new Promise((resolve) => client.write('9', resolve));
    expect(client.bytesWritten).toBe(9);
  },

  async 'calls back for each write when it has left, and not before it is connected'(world) {
    await world.listen((socket) => socket.resume());
    const client = world.connect();
    const heard: string[] = [];
    client.write('1', () => heard.push(`1, connecting: ${client.connecting}`));
    await new Promise<void>((resolve) => client.write('2', () => resolve()));
    expect(heard).toEqual(['1, connecting: false']);
  },

  async 'takes a listener with the address'(world) {
    await world.listen(() => undefined);
    await new Promise<void>((resolve) => world.connect({}, resolve));
  },

  async 'reads what the server sends first'(world) {
    await world.listen((socket) => socket.end('welcome'));
    expect(await text(world.connect())).toBe('welcome');
  },

  async 'fails with ENOENT where nothing is, and then closes'(world) {
    const client = world.connect();
    const heard = record(client, 'connect', 'ready', 'error', 'end', 'close');
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException & { address: string }];
    expect({ ...error }).toMatchObject({ code: 'ENOENT', errno: -2, syscall: 'connect', address: world.path });
    expect(error.message).toMatch(/^connect ENOENT/);
    await closed(client);
    expect(heard).toEqual(['error', 'close']);
    expect([client.connecting, client.destroyed, client.errored]).toEqual([false, true, error]);
  },

  async 'fails with ECONNREFUSED where there is a file'(world) {
    fs.writeFileSync(world.path, '');
    world.atEnd(() => fs.rmSync(world.path));
    const [error] = (await once(world.connect(), 'error')) as [NodeJS.ErrnoException];
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: world.path });
  },

  async 'fails with ENOTDIR below a file'(world) {
    fs.writeFileSync(world.path, '');
    world.atEnd(() => fs.rmSync(world.path));
    const socket = world.implementation.connect(`${world.path}/below`);
    expect(await once(socket, 'error')).toMatchObject([{ code: 'ENOTDIR', syscall: 'connect' }]);
  },

  async 'fails what was written when it cannot connect'(world) {
    const client = world.connect();
    client.on('error', () => undefined);
    const outcome = await new Promise((resolve) => client.write('x', resolve));
    expect(outcome).toEqual(anError);
  },

  async 'is not connected once it was destroyed before'(world) {
    await world.listen((socket) => socket.resume());
    const client = world.connect();
    const heard = record(client, 'connect', 'ready', 'error', 'close');
    client.destroy();
    await closed(client);
    expect(heard).toEqual(['close']);
  },

  async 'emits the error that it was destroyed with before'(world) {
    await world.listen((socket) => socket.resume());
    const client = world.connect();
    const outcome = new Promise((resolve) => client.write('x', resolve));
    client.destroy(new Error('changed my mind'));
    expect(await once(client, 'error')).toMatchObject([{ message: 'changed my mind' }]);
    expect(await outcome).toEqual(anError);
  },

  async 'may be given a timeout before'(world) {
    await world.listen((socket) => socket.resume());
    const client = world.connect();
    client.setTimeout(1);
    await once(client, 'timeout');
    expect([client.timeout, client.destroyed]).toEqual([1, false]);
  },

  'refuses what is no address at once'(world) {
    for (const address of [true, Symbol('x'), null]) {
      expect(() => world.implementation.connect(address as never)).toThrow(errorWith({ name: 'TypeError' }));
    }
  },
});
