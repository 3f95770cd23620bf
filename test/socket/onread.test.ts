import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import {
  adopt,
  connect,
  type FdSocket,
  type FdSocketOptions,
  fds,
  listen,
  type OnreadOptions,
  OwnedFd,
  raw,
  socketpair,
} from '../../packages/ancillary';
import { nativeBinding } from '../../packages/binding-native';
import { codeOf, destroyed, nextOf } from './sockets';

interface Read {
  text: string;
  fds: OwnedFd[];
}

let peer: OwnedFd;
let socket: FdSocket;
let reads: Read[];
let onRead: (count: number) => boolean;
let file: OwnedFd;

function start(options: FdSocketOptions = {}, buffer: Buffer | (() => Buffer) = Buffer.alloc(8)): void {
  reads = [];
  onRead = () => true;
  const [ours, theirs] = nativeBinding.socketpair();
  peer = theirs;
  socket = adopt(ours, {
    ...options,
    onread: {
      buffer,
      callback: (bytesRead, filled, received) => {
        reads.push({ text: filled.toString('latin1', 0, bytesRead), fds: received });
        return onRead(reads.length);
      },
    },
  });
}

beforeEach(() => {
  file = fds.memfd('file');
});

afterEach(async () => {
  OwnedFd.closeAll([file, peer, ...reads.flatMap((read) => read.fds)]);
  await destroyed(socket);
});

/** Until so many reads were told of, or the socket is closed. */
async function until(count: number): Promise<void> {
  for (let turn = 0; turn < 1_000_000 && reads.length < count && !socket.destroyed; turn++)
    await new Promise(setImmediate);
}

it('reads into one buffer over and over, and starts by itself', async () => {
  const buffer = Buffer.alloc(4);
  start({}, buffer);
  raw.sendMessage(peer, Buffer.from('abcdefghij'));
  await until(3);
  expect(reads.map(({ text }) => text)).toEqual(['abcd', 'efgh', 'ij']);
  expect(buffer.toString()).toBe('ijgh');
  expect(socket.stats.bytesRead).toBe(10);
});

it('tells of the descriptors with the bytes they came with, and leaves them to the callback', async () => {
  start();
  raw.sendMessage(peer, Buffer.from('plain'));
  raw.sendMessage(peer, Buffer.from('!'), [file.fd, file.fd]);
  raw.sendMessage(peer, Buffer.from('more'));
  await until(2);
  expect(reads.map(({ text, fds: { length } }) => [text, length])).toEqual([
    ['plain!', 2],
    ['more', 0],
  ]);
  const { ino } = fstatSync(file.fd);
  expect(reads[0]?.fds.map(({ fd }) => fstatSync(fd).ino)).toEqual([ino, ino]);
});

it('asks a function for the memory of each read', async () => {
  const given: Buffer[] = [];
  start({}, () => {
    const next = Buffer.alloc(2 + given.length);
    given.push(next);
    return next;
  });
  raw.sendMessage(peer, Buffer.from('abcdefghi'));
  await until(3);
  expect(reads.map(({ text }) => text)).toEqual(['ab', 'cde', 'fghi']);
  expect(given.slice(0, 3).map(String)).toEqual(['ab', 'cde', 'fghi']);
});

it('goes on when the callback returns nothing, which is called on the socket', async () => {
  start();
  const [sender, receiver] = socketpair({
    onread: {
      buffer: Buffer.alloc(4),
      callback(bytesRead, buffer) {
        said.push([this, buffer.toString('latin1', 0, bytesRead)]);
      },
    },
  });
  const said: [FdSocket, string][] = [];
  sender.end('one buffer');
  await once(receiver, 'end');
  expect(said.map(([, text]) => text)).toEqual(['one ', 'buff', 'er']);
  expect(said.every(([socket]) => socket === receiver)).toBe(true);
  await Promise.all([destroyed(sender), destroyed(receiver)]);
});

it.each([
  ['a Buffer', Buffer.alloc(4)],
  ['a Uint8Array', new Uint8Array(4) as Buffer],
])('gives the callback the very object that was given: %s', async (_name, memory) => {
  start();
  const seen: unknown[] = [];
  const onread = { callback: (_count: number, buffer: Buffer) => void seen.push(buffer) };
  const [first, second] = socketpair({ onread: { ...onread, buffer: memory } });
  await first.send('abcdefg');
  for (let turn = 0; turn < 1_000_000 && seen.length < 2; turn++) await new Promise(setImmediate);
  const [third, fourth] = socketpair({ onread: { ...onread, buffer: () => memory } });
  await third.send('abcdefg');
  for (let turn = 0; turn < 1_000_000 && seen.length < 4; turn++) await new Promise(setImmediate);
  expect(seen.every((each) => each === memory)).toBe(true);
  expect(Buffer.from(memory).toString()).toBe('efgd');
  await destroyed(first, second, third, fourth);
});

it('pauses when the callback returns false, until resume()', async () => {
  start();
  onRead = (count) => count !== 1;
  for (const text of ['1', '2', '3']) raw.sendMessage(peer, Buffer.from(text), [file.fd]);
  await until(1);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(reads.map(({ text }) => text)).toEqual(['1']);
  socket.resume();
  await until(3);
  expect(reads.map(({ text }) => text)).toEqual(['1', '2', '3']);
});

it('pauses with pause() too', async () => {
  start();
  socket.pause();
  raw.sendMessage(peer, Buffer.from('later'));
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(reads).toEqual([]);
  socket.resume();
  await until(1);
  expect(reads.map(({ text }) => text)).toEqual(['later']);
});

it('ends as other sockets do', async () => {
  start();
  raw.sendMessage(peer, Buffer.from('last'));
  peer.close();
  await once(socket, 'close');
  expect(reads.map(({ text }) => text)).toEqual(['last']);
  expect(socket.readableEnded).toBe(true);
});

it('closes no other way of reading without a word', async () => {
  start();
  expect(await codeOf(() => socket.on('data', () => undefined))).toBe('ERR_FD_MODE');
  expect(await codeOf(() => socket.frames().next())).toBe('ERR_FD_MODE');
  expect(await codeOf(() => socket.receive(1))).toBe('ERR_FD_MODE');
});

it('is no longer called once the callback destroyed the socket', async () => {
  start();
  onRead = () => {
    socket.destroy();
    return true;
  };
  for (const text of ['1', '2', '3']) raw.sendMessage(peer, Buffer.from(text), [file.fd]);
  await once(socket, 'close');
  expect(reads.map(({ text }) => text)).toEqual(['1']);
});

it('keeps to the limits of a frame: ERR_FD_SURPLUS, with all closed and reported', async () => {
  start({ maxFdsPerFrame: 1 });
  const discarded: unknown[] = [];
  socket.on('discarded', (what) => discarded.push(what));
  const failed = once(socket, 'error');
  raw.sendMessage(peer, Buffer.from('x'), [file.fd, file.fd]);
  expect(await failed).toEqual([expect.objectContaining({ code: 'ERR_FD_SURPLUS' })]);
  expect(discarded).toEqual([{ count: 2, range: { start: 0, end: 1 }, reason: 'surplus' }]);
  expect(reads).toEqual([]);
});

it("keeps the first ones with onSurplus: 'close'", async () => {
  start({ maxFdsPerFrame: 1, onSurplus: 'close' });
  raw.sendMessage(peer, Buffer.from('x'), [file.fd, file.fd]);
  await until(1);
  expect(reads.map(({ fds: { length } }) => length)).toEqual([1]);
  expect(socket.stats.fdsClosed).toBe(1);
});

it.each<[unknown, typeof TypeError | typeof RangeError]>([
  [{ buffer: 'text', callback: () => true }, TypeError],
  [{ buffer: Buffer.alloc(0), callback: () => true }, RangeError],
  [{ buffer: () => undefined, callback: () => true }, TypeError],
  [{ buffer: Buffer.alloc(1) }, TypeError],
])('%j is refused, and the socket stays with the caller', (onread, kind) => {
  start();
  const pair = nativeBinding.socketpair();
  expect(() => adopt(pair[0], { onread } as FdSocketOptions)).toThrow(kind);
  expect(pair[0].closed).toBe(false);
  OwnedFd.closeAll(pair);
});

it.each([
  ['a Proxy', () => new Proxy(Buffer.alloc(1), {})],
  ['what only looks like a Buffer', () => Object.create(Buffer.prototype as object) as unknown],
  ['larger elements', () => new Uint16Array(1)],
])('%s is no memory', (_name, make) => {
  start();
  const buffer = make() as Buffer;
  expect(() => socketpair({ onread: { buffer, callback: () => true } })).toThrow(TypeError);
  expect(() => socketpair({ onread: { buffer: () => buffer, callback: () => true } })).toThrow(TypeError);
});

it('is refused by listen() and connect() before they do anything', async () => {
  start();
  const onread = { buffer: Buffer.alloc(1) } as unknown as OnreadOptions;
  await expect(listen({ abstract: 'never-bound' }, { onread })).rejects.toThrow(TypeError);
  await expect(connect('/nonexistent', { onread })).rejects.toThrow(TypeError);
});

it('is an option of connect, listen and socketpair', async () => {
  start();
  const got: string[] = [];
  const options = (name: string): FdSocketOptions => ({
    onread: {
      buffer: Buffer.alloc(64),
      callback: (bytesRead, buffer) => got.push(`${name} ${buffer.toString('latin1', 0, bytesRead)}`) > 0,
    },
  });
  const [first, second] = socketpair(options('pair'));
  await first.send('to the second');
  const server = await listen({ abstract: `ancillary-onread-${process.pid}` }, options('server'));
  const client = await connect({ abstract: `ancillary-onread-${process.pid}` }, options('client'));
  const accepted = await nextOf(server[Symbol.asyncIterator]());
  await client.send('to the server');
  await accepted.send('to the client');
  for (let turn = 0; turn < 1_000_000 && got.length < 3; turn++) await new Promise(setImmediate);
  expect(got.sort()).toEqual(['client to the client', 'pair to the second', 'server to the server']);
  await destroyed(first, second, client, accepted);
  await server.close();
});
