import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { createConnection } from '../../packages/ancillary';
import { behaviours, closed } from './behaviours';
import type { NodeSocket } from './implementations';

behaviours('a server', {
  async 'answers each of many at the same time'(world) {
    await world.listen((socket) => void socket.pipe(socket), { allowHalfOpen: true });
    const answers = Array.from({ length: 50 }, (_, index) => {
      const client = world.connect();
      client.end(`client ${index}`);
      return text(client);
    });
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 50 }, (_, index) => `client ${index}`));
  },

  async 'keeps its connections when it closes, and removes its path'(world) {
    let accepted: NodeSocket | undefined;
    const server = await world.listen((socket) => {
      accepted = socket;
      socket.write('hello');
    });
    const client = world.connect();
    await once(client, 'data');
    await server.close();
    expect([server.listening, fs.existsSync(world.path)]).toEqual([false, false]);
    accepted?.end(' still here');
    expect(await text(client)).toBe(' still here');
  },

  async 'is not there for who comes later'(world) {
    const server = await world.listen(() => undefined);
    await server.close();
    expect(await once(world.connect(), 'error')).toMatchObject([{ code: 'ENOENT' }]);
  },

  async 'may listen again once it is closed'(world) {
    const first = await world.listen(() => undefined);
    await first.close();
    await world.listen((socket) => socket.end('second'));
    expect(await text(world.connect())).toBe('second');
  },

  async 'keeps its path while it lives'(world) {
    await world.listen((socket) => socket.end('first'));
    await expect(world.listen((socket) => socket.end('second'))).rejects.toMatchObject({
      code: 'EADDRINUSE',
      syscall: expect.stringMatching(/^(listen|bind)$/) as unknown,
    });
    expect(await text(world.connect())).toBe('first');
  },

  async 'fails where it may not be'(world) {
    await expect(world.implementation.listen(`${world.path}/no/where`, () => undefined)).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOENT|EACCES)$/) as unknown,
    });
  },

  async 'is met by net and by this package alike'(world) {
    await world.listen((socket) => socket.end('the same bytes'));
    const ofNode = net.connect(world.path);
    const ofAncillary = createConnection(world.path);
    expect(await Promise.all([text(ofNode), text(ofAncillary)])).toEqual(['the same bytes', 'the same bytes']);
    ofAncillary.destroy();
    await closed(ofAncillary);
  },

  async 'is told of a client that has gone by the time it is accepted'(world) {
    const gone = new Promise<string[]>((resolve, reject) => {
      const heard: string[] = [];
      world
        .listen((socket) => {
          socket.on('error', () => heard.push('error')).resume();
          socket.on('end', () => heard.push('end')).on('close', () => resolve(heard));
        })
        .then(() => {
          const client = world.connect();
          client.on('connect', () => client.destroy());
        }, reject);
    });
    expect(await gone).toEqual(['end']);
  },
});
