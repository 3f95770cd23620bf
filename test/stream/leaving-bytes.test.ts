import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { type FdFrame, type FdSocket, fds, type OwnedFd, raw } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { until } from '../hostile/until';
import { closed, codeOf, nextOf } from '../socket/sockets';
import { type BarePeer, withBarePeer } from '../support/bare-peer';
import { modeRefusal } from '../support/mode-refusal';

const codec = lengthPrefixed({ lengthBytes: 1, countBytes: 1 });

let ends: BarePeer;
let socket: FdSocket;
let file: OwnedFd;
beforeEach(() => {
  ends = withBarePeer();
  ({ socket } = ends);
  file = fds.memfd('file');
});
afterEach(() => {
  ends[Symbol.dispose]();
  file.close();
});

function put(text: string, count = 0): void {
  raw.sendMessage(
    ends.peer,
    Buffer.from(text, 'latin1'),
    Array.from({ length: count }, () => file),
  );
}

const shown = (frame: FdFrame): [string, number, number, number] => {
  frame.close();
  return [frame.bytes.toString('latin1'), frame.range.start, frame.range.end, frame.fds.length];
};

describe('while somebody reads bytes', () => {
  const nothing = (): void => undefined;
  it.each<[string, () => () => void]>([
    [`a listener of 'data'`, () => (socket.on('data', nothing), () => socket.off('data', nothing))],
    [
      `a listener of 'data' that is paused`,
      () => (socket.on('data', nothing).pause(), () => socket.off('data', nothing)),
    ],
    [`a listener of 'readable'`, () => (socket.on('readable', nothing), () => socket.off('readable', nothing))],
    [
      'a pipe',
      () => {
        const sink = new PassThrough();
        socket.pipe(sink);
        return () => socket.unpipe(sink);
      },
    ],
  ])('%s, frames are ERR_FD_MODE; afterwards they are not', async (_name, read) => {
    const leave = read();
    expect(await codeOf(() => socket.frames().next())).toBe('ERR_FD_MODE');
    expect(await codeOf(() => socket.forEachFrame(nothing))).toBe('ERR_FD_MODE');
    expect(await codeOf(() => socket.receive(1))).toBe('ERR_FD_MODE');
    leave();
    put('\x01\x01a', 1);
    expect(shown(await socket.receive(3))).toEqual(['\x01\x01a', 0, 3, 1]);
    const next = nextOf(socket.frames(codec));
    put('\x01\x00b');
    expect(shown(await next)).toEqual(['\x01\x00b', 3, 6, 0]);
  });

  it('for await, too', async () => {
    const reading = (async () => {
      for await (const chunk of socket) return String(chunk);
      return undefined;
    })();
    expect(await codeOf(() => socket.receive(1))).toBe('ERR_FD_MODE');
    put('bytes');
    expect(await reading).toBe('bytes');
  });
});

it('a flow that nobody listens to is no reading', async () => {
  socket.resume();
  const next = socket.receive(2);
  put('abcd');
  expect(shown(await next)).toEqual(['ab', 0, 2, 0]);
  const data = once(socket, 'data');
  expect(String((await data)[0])).toBe('cd');
});

it('receive() after bytes reads no further than it says', async () => {
  const data = once(socket, 'data');
  put('abc');
  await data;
  socket.removeAllListeners('data');
  const next = socket.receive(3);
  put('defghi');
  expect(shown(await next)).toEqual(['def', 3, 6, 0]);
  expect(socket.stats.bytesRead).toBe(6);
});

it('bytes are read again after frames, with what these left', async () => {
  let text = '';
  const listen = (): FdSocket => socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  listen();
  put('head');
  await until(() => text === 'head');
  socket.removeAllListeners('data');
  const frame = socket.receive(2);
  put('xyz');
  expect(shown(await frame)).toEqual(['xy', 4, 6, 0]);
  listen();
  await until(() => text === 'headz');
  put('tail');
  await until(() => text === 'headztail');
});

it('what unshift() is given before anything was read comes first, from before the beginning', async () => {
  socket.unshift(Buffer.from('\x02\x00'));
  put('ab\x01\x01c', 1);
  const frames = socket.frames(codec);
  expect(shown(await nextOf(frames))).toEqual(['\x02\x00ab', -2, 2, 0]);
  expect(shown(await nextOf(frames))).toEqual(['\x01\x01c', 2, 5, 1]);
});

it('without a codec, what goes back is a frame for each segment with descriptors', async () => {
  const more = once(socket, 'readable');
  put('ab', 1);
  put('cd');
  await more;
  socket.removeAllListeners('readable');
  await until(() => socket.readableLength === 2 || socket.stats.bytesRead === 4);
  const first = await nextOf(socket.frames());
  expect(first.bytes.toString()).toBe('ab');
  expect(first.fds).toHaveLength(1);
  first.close();
});

it('the end of the stream comes after the frames that had been read as bytes', async () => {
  const readable = once(socket, 'readable');
  put('\x01\x00a\x01\x00b');
  ends.peer.close();
  await readable;
  await until(() => socket.readableLength === 6);
  const seen: string[] = [];
  for await (const { bytes } of socket.frames(codec)) seen.push(bytes.toString('latin1', 2));
  expect(seen).toEqual(['a', 'b']);
  await closed(socket);
});

it('bytes that setEncoding() decoded are no frames, and say so', async () => {
  socket.setEncoding('utf8');
  const data = once(socket, 'data');
  put('a');
  await data;
  socket.pause();
  await expect(socket.frames().next()).rejects.toThrow(/setEncoding/);
  await expect(socket.frames().next()).rejects.toEqual(modeRefusal());
  const again = once(socket, 'data');
  socket.resume();
  put('b');
  expect(await again).toEqual(['b']);
});

it('text that unshift() was given is no frames either, until it is read', async () => {
  socket.setEncoding('utf8');
  socket.unshift('text');
  expect(await codeOf(() => socket.receive(1))).toBe('ERR_FD_MODE');
  expect(socket.read()).toBe('text');
});

it('a socket that was left in the middle is closed with all that went back', async () => {
  socket.on('readable', () => undefined);
  put('\x05\x01a', 1);
  await until(() => socket.stats.bytesRead === 3);
  socket.removeAllListeners('readable');
  const waiting = socket.frames(codec).next();
  const discarded = once(socket, 'discarded');
  socket.destroy();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(await discarded).toEqual([{ count: 1, range: { start: 0, end: 3 }, reason: 'destroyed' }]);
});
