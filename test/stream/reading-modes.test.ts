import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { type FdSocket, fds, raw } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { type BarePeer, withBarePeer } from '../support/bare-peer';
import { modeRefusal } from '../support/mode-refusal';

const codec = lengthPrefixed({ lengthBytes: 1, countBytes: 1 });
const inUse = modeRefusal();

let ends: BarePeer;
let socket: FdSocket;

beforeEach(() => {
  ends = withBarePeer();
  ({ socket } = ends);
});

afterEach(() => {
  ends[Symbol.dispose]();
});

const waitFor: Record<string, (socket: FdSocket) => Promise<unknown>> = {
  'receive()': (each) => each.receive(3),
  'frames()': (each) => each.frames().next(),
  'frames(codec)': (each) => each.frames(codec).next(),
};
const ways = Object.keys(waitFor);
const start = (way: string): Promise<unknown> => waitFor[way]?.(socket) ?? Promise.reject(new Error(way));

describe.each(ways)('while %s waits', (first) => {
  it.each(ways)('%s is ERR_FD_MODE, and the one that waits gets what comes', async (second) => {
    const waiting = start(first);
    await expect(start(second)).rejects.toEqual(inUse);
    raw.sendMessage(ends.peer, Buffer.from('\x01\x00a', 'latin1'));
    await expect(waiting).resolves.toBeDefined();
    expect(socket.destroyed).toBe(false);
  });

  it.each<[string, (socket: FdSocket) => unknown]>([
    ['data', (each) => each.on('data', () => undefined)],
    ['readable', (each) => each.once('readable', () => undefined)],
    ['a pipe', (each) => each.pipe(new PassThrough())],
  ])('listening for bytes (%s) is ERR_FD_MODE, and the one that waits gets what comes', async (_, listen) => {
    const waiting = start(first);
    expect(() => listen(socket)).toThrow(inUse);
    raw.sendMessage(ends.peer, Buffer.from('\x01\x00a', 'latin1'));
    await expect(waiting).resolves.toBeDefined();
    expect(socket.destroyed).toBe(false);
  });

  it('reading bytes without listening throws ERR_FD_MODE, and the one that waits goes on', async () => {
    const waiting = start(first);
    expect(() => socket.resume()).toThrow(inUse);
    expect(() => socket.read() as unknown).toThrow(inUse);
    await new Promise(setImmediate);
    expect(socket.destroyed).toBe(false);
    socket.destroy();
    await Promise.allSettled([waiting]);
  });
});

it.each(ways)('%s is ERR_FD_MODE once bytes are read', async (way) => {
  const data = once(socket, 'data');
  await expect(start(way)).rejects.toEqual(inUse);
  raw.sendMessage(ends.peer, Buffer.from('abc'));
  expect(String(await data)).toBe('abc');
});

it('nothing is read before a way of reading is chosen', async () => {
  const pool = [fds.memfd('a')];
  raw.sendMessage(ends.peer, Buffer.from('abc'), pool);
  pool[0]?.close();
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(socket.stats.bytesRead).toBe(0);
  using frame = await socket.receive(3);
  expect(frame.fds).toHaveLength(1);
});

it('an iterator reads only from its first next() on, and not after return()', async () => {
  const idle = socket.frames();
  raw.sendMessage(ends.peer, Buffer.from('abc'));
  const read = socket.frames();
  await read.next();
  await expect(idle.next()).rejects.toEqual(inUse);
  await read.return?.();
  raw.sendMessage(ends.peer, Buffer.from('d'));
  await expect(idle.next()).resolves.toMatchObject({ done: false });
  await expect(read.next()).resolves.toEqual({ done: true, value: undefined });
});

it('several next() are answered in order, and return() ends those that wait', async () => {
  const frames = socket.frames(codec);
  const [first, second, third] = [frames.next(), frames.next(), frames.next()];
  raw.sendMessage(ends.peer, Buffer.from('\x01\x00a\x01\x00b', 'latin1'));
  const texts = (await Promise.all([first, second])).map(({ value }) => (value as { bytes: Buffer }).bytes[2]);
  expect(String.fromCharCode(...texts.map(Number))).toBe('ab');
  await frames.return?.();
  await expect(third).resolves.toEqual({ done: true, value: undefined });
});

it('a loop over a destroyed socket ends at once, with the error if there was one', async () => {
  socket.destroy();
  await expect(socket.frames().next()).resolves.toEqual({ done: true, value: undefined });
  using failed = withBarePeer();
  const reason = new Error('enough');
  failed.socket.once('error', () => undefined).destroy(reason);
  const frames = failed.socket.frames();
  await expect(frames.next()).rejects.toBe(reason);
  await expect(frames.next()).resolves.toEqual({ done: true, value: undefined });
  await expect(failed.socket.receive(1)).rejects.toBe(reason);
});
