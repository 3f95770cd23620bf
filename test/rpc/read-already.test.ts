import { PassThrough } from 'node:stream';
import { type FdFrame, type FdSocket, fds, raw } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { dbusHandshake } from '../../packages/codec/dbus';
import { framed, give, jsonValues, rpc } from '../../packages/rpc';
import { fdChannel } from '../../packages/rpc/birpc';
import { fdTransport } from '../../packages/rpc/capnweb';
import { fdEndpoint } from '../../packages/rpc/comlink';
import { fdMessageConnection } from '../../packages/rpc/vscode-jsonrpc';
import { type BarePeer, withBarePeer } from '../support/bare-peer';
import { modeRefusal } from '../support/mode-refusal';

// What takes a socket over while it is read in another way is refused, and that way goes on.

let ends: BarePeer;
let socket: FdSocket;

beforeEach(() => {
  ends = withBarePeer();
  ({ socket } = ends);
});

afterEach(() => {
  ends[Symbol.dispose]();
});

const refusal = (by: string): Error =>
  modeRefusal(new RegExp(`^the socket is being read by .+; ${by}\\(\\) must wait until that is left`));

/** Begins to read three bytes, and resolves with them. */
const ways: readonly (readonly [string, () => Promise<string>])[] = [
  ["'data'", () => new Promise((resolve) => socket.on('data', (bytes: Buffer) => resolve(String(bytes))))],
  ["'readable'", () => new Promise((resolve) => socket.on('readable', () => resolve(String(socket.read()))))],
  [
    'a pipe',
    () => new Promise((resolve) => socket.pipe(new PassThrough()).on('data', (bytes) => resolve(String(bytes)))),
  ],
  ['receive()', async () => String((await socket.receive(3)).bytes)],
  ['frames()', async () => String(((await socket.frames().next()).value as FdFrame).bytes)],
  ['forEachFrame()', () => new Promise((resolve) => void socket.forEachFrame(({ bytes }) => resolve(String(bytes))))],
];

const takers: readonly (readonly [string, () => unknown])[] = [
  ['rpc', () => rpc(socket, {})],
  ['fdChannel', () => fdChannel(socket)],
  ['fdTransport', () => fdTransport(socket)],
  ['fdEndpoint', () => fdEndpoint(socket)],
  ['fdMessageConnection', () => fdMessageConnection(() => 'never', socket)],
];

describe.each(ways)('while the socket is read by %s', (_way, read) => {
  const goesOn = async (reading: Promise<string>): Promise<void> => {
    await new Promise(setImmediate);
    expect(socket.destroyed).toBe(false);
    raw.sendMessage(ends.peer, Buffer.from('abc'));
    expect(await reading).toBe('abc');
  };

  it.each(takers)('%s() throws ERR_FD_MODE, and it is read on', async (name, take) => {
    const reading = read();
    expect(take).toThrow(refusal(name));
    await goesOn(reading);
  });

  it.each(['client', 'server'] as const)('dbusHandshake() of a %s rejects, and it is read on', async (side) => {
    const reading = read();
    await expect(dbusHandshake(socket, { side })).rejects.toEqual(refusal('dbusHandshake'));
    await goesOn(reading);
  });

  it('the messages of framed() reject with ERR_FD_MODE, and it is read on', async () => {
    const reading = read();
    const messages = framed(socket, lengthPrefixed());
    await expect(messages[Symbol.asyncIterator]().next()).rejects.toEqual(refusal('framed'));
    await goesOn(reading);
  });

  it('with acknowledgements, messages and send() of framed() reject, and it is read on', async () => {
    const reading = read();
    const messages = framed(socket, jsonValues({ frames: lengthPrefixed({ acknowledge: true }) }));
    const greeting = raw.receiveMessage(ends.peer, Buffer.alloc(100), { maxFds: 1 }).bytesRead;
    const file = fds.memfd('given');
    await expect(messages[Symbol.asyncIterator]().next()).rejects.toEqual(refusal('framed'));
    await expect(messages.send(give(file))).rejects.toEqual(refusal('framed'));
    expect(file.closed).toBe(true);
    expect(greeting).toBeGreaterThan(0);
    // Nothing was sent besides.
    expect(() => raw.receiveMessage(ends.peer, Buffer.alloc(100), { maxFds: 1 })).toThrow('EAGAIN');
    await goesOn(reading);
  });
});

it('how bytes are left, the error says', () => {
  socket.on('data', () => undefined);
  expect(() => rpc(socket)).toThrow(
    /^the socket is being read by bytes .*; rpc\(\) must wait until that is left \(remove its listeners for 'data' and 'readable', or unpipe\(\)\), and nothing was changed$/,
  );
});

it('once it is left, the socket can be taken over', async () => {
  const listener = (): void => undefined;
  socket.on('data', listener);
  expect(() => rpc(socket)).toThrow(refusal('rpc'));
  socket.off('data', listener).pause();
  const messages = framed(socket, lengthPrefixed({ acknowledge: true }));
  const waiting = messages[Symbol.asyncIterator]().next();
  socket.destroy();
  expect(await waiting).toMatchObject({ done: true });
});

it('text that was read and put back cannot be messages: the socket is left as it is', () => {
  socket.setEncoding('utf8');
  socket.unshift('abc');
  expect(() => rpc(socket)).toThrow(expect.objectContaining({ code: 'ERR_FD_MODE' }) as Error);
  expect([socket.destroyed, socket.read()]).toEqual([false, 'abc']);
});
