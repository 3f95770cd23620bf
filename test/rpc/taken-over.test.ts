import { once } from 'node:events';
import { type FdSocket, handoff, raw } from '../../packages/ancillary';
import { createStream as createBusStream } from '../../packages/ancillary/dbus-native';
import { createStream as createX11Stream } from '../../packages/ancillary/x11';
import { lengthPrefixed } from '../../packages/codec';
import { dbusHandshake } from '../../packages/codec/dbus';
import { fdMessageConnection } from '../../packages/rpc/vscode-jsonrpc';
import { type BarePeer, withBarePeer } from '../support/bare-peer';
import { modeRefusal } from '../support/mode-refusal';

// What has taken a socket over has all of it, also where it does not read yet.

let ends: BarePeer;
let socket: FdSocket;

beforeEach(() => {
  ends = withBarePeer();
  ({ socket } = ends);
});

afterEach(() => {
  ends[Symbol.dispose]();
});

const refusal = (by: string, other: string): Error =>
  modeRefusal(`taken over by ${by}, which reads all of it: use another socket for ${other}`);

/** Those that begin to read later. */
const takers: readonly (readonly [string, () => unknown])[] = [
  ['fdMessageConnection()', () => fdMessageConnection(() => 'connection', socket)],
  ['createStream()', () => createBusStream(socket)],
  ['createStream()', () => createX11Stream(socket)],
];

const BYTES = 'bytes (';

const waysAtOnce: readonly (readonly [string, string, () => unknown])[] = [
  ["'data'", BYTES, () => socket.on('data', () => undefined)],
  ["'readable'", BYTES, () => socket.on('readable', () => undefined)],
  ['read()', BYTES, () => void socket.read()],
  ['resume()', BYTES, () => socket.resume()],
];

const waysLater: readonly (readonly [string, string, () => Promise<unknown>])[] = [
  ['receive()', 'receive(3)', () => socket.receive(3)],
  ['frames()', 'frames()', () => socket.frames().next()],
  ['forEachFrame()', 'forEachFrame()', () => socket.forEachFrame(() => undefined)],
  ['receiveFd()', 'receive(1)', () => handoff.receiveFd(socket)],
  ['dbusHandshake()', 'dbusHandshake()', () => dbusHandshake(socket)],
];

describe.each(takers)('a socket that %s took over', (name, take) => {
  it.each(waysAtOnce)('refuses %s before it is read', (_way, other, read) => {
    take();
    expect(read).toThrow(refusal(name, other));
    expect(socket.destroyed).toBe(false);
  });

  it.each(waysLater)('refuses %s before it is read', async (_way, other, read) => {
    take();
    await expect(read()).rejects.toEqual(refusal(name, other));
    expect(socket.destroyed).toBe(false);
  });

  it.each(takers)('refuses %s', (other, again) => {
    take();
    expect(again).toThrow(refusal(name, other));
    expect(socket.destroyed).toBe(false);
  });

  it('is not read by read(0), which reads nothing by itself', () => {
    take();
    expect(socket.read(0)).toBeNull();
    expect(socket.destroyed).toBe(false);
  });
});

it('bytes that were read before, and put back, are the first of what it reads', async () => {
  const { bytes } = lengthPrefixed().encode({ bytes: Buffer.from('first') });
  raw.sendMessage(ends.peer, bytes);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  // Nobody listens any more, and they flow.
  socket.unshift(chunk);
  const stream = createBusStream(socket);
  expect(() => socket.on('data', () => undefined)).toThrow(refusal('createStream()', BYTES));
  const [first] = (await once(stream, 'data')) as [Buffer];
  expect(first).toEqual(bytes);
});

it('what is refused for its arguments has taken nothing over', () => {
  expect(() => createBusStream(socket, { fds: 'text' as never })).toThrow(TypeError);
  expect(socket.on('data', () => undefined)).toBe(socket);
});
