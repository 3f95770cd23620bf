import { once } from 'node:events';
import { type Discarded, type FdSocket, fds, OwnedFd, raw } from '../../packages/ancillary';
import { inChild } from '../hostile/child';
import { until } from '../hostile/until';
import { closed } from '../socket/sockets';
import { type BarePeer, withBarePeer } from '../support/bare-peer';
import { identity } from '../support/descriptors';

let ends: BarePeer;
let socket: FdSocket;
let files: OwnedFd[];
let discarded: Discarded[];
beforeEach(() => {
  start();
  files = ['a', 'b', 'c'].map((name) => fds.memfd(name));
});
afterEach(() => {
  ends[Symbol.dispose]();
  OwnedFd.closeAll(files);
});

function start(options?: Parameters<typeof withBarePeer>[0]): void {
  ends = withBarePeer(options);
  ({ socket } = ends);
  const told: Discarded[] = [];
  discarded = told;
  socket.on('discarded', (each) => told.push(each));
}

/** Sends bytes with files, each named by its place among {@link files}. */
function put(text: string, ...places: readonly number[]): void {
  const sent = places.map((place) => files[place]?.fd ?? -1);
  raw.sendMessage(ends.peer, Buffer.from(text), sent);
}

/** Which of the files were taken; they are closed. */
function taken(count?: number): number[] {
  const own = socket.takeFds(count);
  const identities = files.map(({ fd }) => identity(fd));
  const places = own.map(({ fd }) => identities.indexOf(identity(fd)));
  OwnedFd.closeAll(own);
  return places;
}

it(`gives within 'data' what came with the chunk`, async () => {
  const seen: [string, number[]][] = [];
  socket.on('data', (chunk: Buffer) => seen.push([String(chunk), taken()]));
  put('plain');
  await until(() => seen.length === 1);
  put('x', 0, 1);
  put('y', 2);
  await until(() => seen.length === 3);
  expect(seen).toEqual([
    ['plain', []],
    ['x', [0, 1]],
    ['y', [2]],
  ]);
});

it('gives within for await what came with the chunk', async () => {
  put('x', 0);
  put('y', 1);
  ends.peer.close();
  const seen: number[] = [];
  for await (const chunk of socket) seen.push(String(chunk).length, ...taken());
  expect(seen).toEqual([1, 0, 1, 1]);
  expect(discarded).toEqual([]);
});

it('gives those of what was read so far, and keeps those that are not asked for', async () => {
  expect(socket.takeFds()).toEqual([]);
  socket.on('readable', () => undefined);
  put('ab', 0, 1);
  put('cd', 2);
  await until(() => socket.stats.bytesRead === 4);
  expect(taken()).toEqual([]);
  await until(() => socket.readableLength > 0);
  expect(taken()).toEqual([]);
  expect(String(socket.read(2))).toBe('ab');
  expect(taken(0)).toEqual([]);
  expect(taken(1)).toEqual([0]);
  await until(() => socket.readableLength > 0);
  expect(taken(5)).toEqual([1]);
  expect(String(socket.read(2))).toBe('cd');
  expect(taken()).toEqual([2]);
  expect(discarded).toEqual([]);
});

it('keeps them for a message in several pieces, once it was called', async () => {
  socket.takeFds();
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += String(chunk)));
  put('head', 0);
  await until(() => text === 'head');
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  put('body', 1);
  await until(() => text === 'headbody');
  expect(taken(2)).toEqual([0, 1]);
});

it('unread bytes take their descriptors back', async () => {
  socket.takeFds();
  socket.once('data', (chunk: Buffer) => {
    socket.pause();
    socket.unshift(chunk);
  });
  put('x', 0);
  await until(() => socket.isPaused());
  expect(taken()).toEqual([]);
  using frame = await socket.receive(1);
  expect(frame.fds.map(({ fd }) => identity(fd))).toEqual([identity(files[0]?.fd ?? -1)]);
  expect(taken()).toEqual([]);
});

it(`leaves to a listener of 'fds' what it was given`, async () => {
  socket.takeFds();
  let given = 0;
  socket.on('fds', (frame) => {
    given += frame.fds.length;
    frame.close();
  });
  const data = once(socket, 'data');
  put('x', 0);
  await data;
  expect([given, socket.takeFds()]).toEqual([1, []]);
});

it('reading pauses at maxQueuedFds, and goes on when some are taken', async () => {
  ends[Symbol.dispose]();
  start({ maxQueuedFds: 2 });
  socket.takeFds();
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += String(chunk)));
  for (const byte of '12345') put(byte, 0);
  await until(() => text === '12');
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect([text, socket.stats.fdsReceived]).toEqual(['12', 2]);
  expect(taken()).toHaveLength(2);
  await until(() => text === '1234');
  expect(taken()).toHaveLength(2);
  await until(() => text === '12345');
});

it('those that were not taken are closed and reported when the socket is', async () => {
  socket.takeFds();
  const data = once(socket, 'data');
  put('x', 0, 1);
  await data;
  socket.destroy();
  await closed(socket);
  expect(discarded).toEqual([{ count: 2, range: { start: 0, end: 1 }, reason: 'destroyed' }]);
  expect(socket.takeFds()).toEqual([]);
});

it('those that nobody takes are closed in the turn in which their bytes are read, before the end is told', async () => {
  const told: string[] = [];
  socket.on('discarded', ({ reason }) => told.push(reason));
  socket.on('data', () => told.push('data')).on('end', () => told.push('end'));
  put('x', 0);
  ends.peer.close();
  await closed(socket);
  expect(told).toEqual(['data', 'no-listener', 'end']);
  expect(socket.stats.fdsClosed).toBe(1);
});

it.each([-1, 1.5, NaN, '1', null])('refuses %p as a number', (count) => {
  expect(() => socket.takeFds(count as number)).toThrow(typeof count === 'number' ? RangeError : TypeError);
});

it('descriptors that nobody listens for are said once for all sockets, by a process warning', async () => {
  const { result } = await inChild(`
    const warnings = [];
    process.on('warning', ({ name, code }) => warnings.push([name, code]));
    for (let round = 0; round < 3; round++) {
      const [left, right] = ancillary.socketpair();
      right.on('data', () => undefined);
      await left.send('x', [0]);
      await left.send('y', [0]);
      await until(() => right.stats.fdsClosed === 2);
    }
    await turns(3);
    return warnings;`);
  expect(result).toEqual([['AncillaryWarning', 'ANCILLARY_NO_LISTENER']]);
});
