import dgram from 'node:dgram';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import net from 'node:net';
import { inspect } from 'node:util';
import { fds, type FdSocket, listen, OwnedFd, socketpair } from '../../packages/ancillary';
import { modelSocketPair } from '../../packages/ancillary/testing';
import { addon } from '../../packages/binding-native';
import { runDirectory } from '../support/children';
import path from 'node:path';

// What console.log() and JSON show: what somebody looks for who debugs, and no content.

let left: FdSocket;
let right: FdSocket;

beforeEach(() => {
  [left, right] = socketpair();
});

afterEach(() => {
  left.destroy();
  right.destroy();
});

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

it('an OwnedFd shows its number, what it is of, and whether it is closed', () => {
  const [reading, writing] = fds.pipe();
  const { fd } = reading;
  expect(inspect(reading)).toBe(`OwnedFd { fd: ${fd}, kind: 'pipe', closed: false }`);
  expect(json(reading)).toEqual({ fd, kind: 'pipe', closed: false });
  OwnedFd.closeAll([reading, writing]);
  expect(inspect(reading)).toBe('OwnedFd { fd: -1, closed: true }');
  expect(json({ reading })).toEqual({ reading: { fd: -1, closed: true } });
});

it('an OwnedFd of a file shows its path, with what would be obeyed by a terminal escaped', () => {
  using memory = fds.memfd('\x1b[2Jx\n\u202e');
  expect(inspect(memory)).toMatch(/kind: 'memfd',\s+path: '\/memfd:\\\\x1b\[2Jx\\\\x0a\\\\u\{202e\} \(deleted\)'/);
  expect(inspect(memory) + JSON.stringify(memory)).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
});

it('says of each kind what describeFd() does, and nothing where that would take a look at the file', async () => {
  const tcp = net.createServer();
  tcp.listen(0, '127.0.0.1');
  const udp = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
  const named = ['/', '/dev/null', __filename, '/proc/self/ns/net'].map((path) => OwnedFd.adopt(openSync(path, 'r')));
  const words = [...fds.pipe(), fds.memfd('m'), fds.eventfd(), fds.dup(left), fds.dup(tcp), fds.dup(udp)];
  const shown = (owned: OwnedFd) => (json(owned) as { kind?: string }).kind;
  expect(words.map(shown)).toEqual(['pipe', 'pipe', 'memfd', 'eventfd', 'unix-socket', 'tcp-socket', 'udp-socket']);
  expect(words.map(shown)).toEqual(words.map((owned) => fds.describeFd(owned).kind));
  expect(named.map(shown)).toEqual(named.map(() => undefined));
  expect(named.slice(0, 3).map(json)).toMatchObject([{ path: '/' }, { path: '/dev/null' }, { path: __filename }]);
  OwnedFd.closeAll([...words, ...named]);
  tcp.close();
  udp.close();
});

it('a frame shows how many bytes it has, and not which', async () => {
  using memory = fds.memfd('x');
  await left.send('a secret', [memory]);
  using frame = await right.receive(8);
  const [fd] = frame.fds;
  const rest = { range: { start: 0, end: 8 }, fds: [json(fd)], truncated: false, ambiguous: false };
  expect(json(frame)).toEqual({ byteLength: 8, ...rest });
  const shown = inspect(frame, { breakLength: Infinity });
  expect(shown).toMatch(
    /^FdFrame { byteLength: 8, range: { start: 0, end: 8 }, fds: \[ OwnedFd { fd: \d+, kind: 'memfd'/,
  );
  expect(shown).not.toContain('secret');
  expect(inspect([[[frame]]])).toBe('[ [ [ [FdFrame] ] ] ]');
  expect(inspect([frame], { depth: 0 })).toBe('[ [FdFrame] ]');
  expect(inspect({ frame }, { depth: null })).toContain("kind: 'memfd'");
});

it('a socket shows its number, its state, how it is read, and what went through', async () => {
  using memory = fds.memfd('x');
  await left.send('four', [memory]);
  await left.send('more', [memory]);
  (await right.receive(4)).close();
  const frames = right.frames();
  const first = await frames.next();
  const total = {
    bytesRead: 8,
    fdsReceived: 2,
    framesReceived: 2,
    bytesWritten: 0,
    fdsSent: 0,
    fdsClosed: 0,
    framesSent: 0,
  };
  expect(json(right)).toEqual({
    fd: right.fd,
    readyState: 'open',
    reading: { by: 'frames()', bytes: 0, fds: 0 },
    writing: { bytes: 0, needDrain: false },
    stats: total,
  });
  expect(inspect(right)).toMatch(
    /^FdSocket {\n {2}fd: \d+,\n {2}readyState: 'open',\n {2}reading: { by: 'frames\(\)',/,
  );
  if (first.done !== true) first.value.close();
  right.destroy();
  expect(json(right)).toMatchObject({ fd: -1, readyState: 'closed', stats: total });
  expect(inspect(right, { depth: 0 })).toContain('stats: [Object]');
});

it('a server shows where it listens, its number, and its connections', async () => {
  const where = path.join(runDirectory(), 'inspected');
  const server = await listen(where);
  const { fd } = json(server) as { fd: number };
  expect(json(server)).toEqual({
    address: { path: where },
    listening: true,
    fd: expect.any(Number) as number,
    connections: 0,
  });
  expect(inspect(server, { breakLength: Infinity })).toMatch(
    /^FdServer { address: { path: '.*' }, listening: true, fd: \d+/,
  );
  expect(server.fd).toBe(fd);
  await server.close();
  expect(json(server)).toMatchObject({ listening: false, fd: -1 });
});

it("descriptors of the model show the model's files", () => {
  const pair = modelSocketPair({ seed: 1 });
  using file = pair.world.open('letter');
  expect(json(file)).toEqual({ fd: file.fd, path: 'letter', closed: false });
  for (const socket of pair) socket.destroy();
});

it('to show a socket is not to lend its number, which would have it closed by a thread', () => {
  const lend = jest.spyOn(addon, 'lend');
  expect(inspect(left)).toContain('FdSocket {');
  expect(json(left)).toMatchObject({ readyState: 'open' });
  expect(lend).not.toHaveBeenCalled();
  expect(left.fd).toBeGreaterThan(0);
  expect(lend).toHaveBeenCalledTimes(1);
  lend.mockRestore();
});
