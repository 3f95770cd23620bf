import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  connect,
  createConnection,
  type Expectation,
  type FdSocket,
  listen,
  type Peer,
} from '../../packages/ancillary';
import { type Child, python } from '../support/children';
import { openDescriptors } from '../support/descriptors';
import { until } from '../hostile/until';
import { publicDirectory, serverAs } from './other-user';
import { codeOf, destroyed, nextOf } from './sockets';

let directory: string;
let where: string;
beforeEach(() => {
  directory = publicDirectory();
  fs.chmodSync(directory, 0o777);
  where = path.join(directory, 'socket');
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

const own = { pid: process.pid, uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1 };

/** As createConnection() tells it. */
function atOnce(address: string, expected: Expectation, early = false): Promise<FdSocket> {
  const socket = createConnection(address, { expect: expected });
  // What waits to be sent is not sent to a stranger.
  if (early) {
    socket.write('secret');
    socket.resume();
  }
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

const ways: [string, (address: string, expected: Expectation) => Promise<FdSocket>][] = [
  ['connect()', (address, expected) => connect(address, { expect: expected })],
  ['createConnection()', (address, expected) => atOnce(address, expected)],
  ['createConnection() with bytes waiting', (address, expected) => atOnce(address, expected, true)],
];

// One for all: each of its lines is a client.
let stranger: Child;
let strangers: string;
beforeAll(async () => {
  strangers = publicDirectory();
  fs.chmodSync(strangers, 0o777);
  stranger = serverAs({ uid: 1234 }, path.join(strangers, 'socket'));
  expect(await stranger.line()).toBe('ready');
});
afterAll(async () => {
  await stranger[Symbol.asyncDispose]();
  fs.rmSync(strangers, { recursive: true });
});

describe.each(ways)('%s', (_, open) => {
  it.each<[string, Expectation]>([
    ['the user', { uid: own.uid }],
    ['the user, group and process', own],
    ['a function', ({ uid }) => uid === own.uid],
    ['a function that takes its time', (peer) => nextTurn(peer.pid === own.pid)],
  ])('connects to whom was expected: %s', async (_name, expected) => {
    await using server = await listen(where);
    const client = await open(where, expected);
    const accepted = await nextOf(server[Symbol.asyncIterator]());
    expect(client.peer).toMatchObject(own);
    await client.send('x');
    await destroyed(client, accepted);
  });

  const mine = new Error('mine');
  it.each<[string, Expectation, RegExp]>([
    ['another user', { uid: 0 }, /is served by user 1234 \(process \d+\) of group 65534, and not by uid 0 as expected/],
    ['another group', { uid: 1234, gid: 1 }, /and not by uid 1234, gid 1 as expected/],
    ['another process', { pid: 1 }, /and not by pid 1 as expected/],
    ['a function that says no', () => false, /whom expect\(\) refused/],
    ['a promise of no', () => nextTurn(false), /whom expect\(\) refused/],
    ['a rejection', () => nextTurn().then(() => Promise.reject(mine)), /and expect\(\) failed: mine/],
    [
      'what throws',
      () => {
        throw mine;
      },
      /and expect\(\) failed: mine/,
    ],
    ['what is no boolean', (() => 1) as never, /expect\(\) returns true or false, not 1/],
  ])('and to nobody else: %s is ERR_UNAUTHORIZED, and nothing was sent', async (_name, expected, message) => {
    const address = path.join(strangers, 'socket');
    const before = openDescriptors().size;
    const error: unknown = await open(address, expected).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'AncillaryError', code: 'ERR_UNAUTHORIZED', path: address, address });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).cause).toBe((error as Error).message.includes('mine') ? mine : (error as Error).cause);
    expect(await stranger.line()).toBe(`''`);
    expect(openDescriptors().size).toBe(before);
  });
});

it('retry tries again while nobody listens, and not where another does', async () => {
  const connecting = connect(where, { retry: true, expect: { uid: 0 } }).catch((error: unknown) => error);
  await nextTurn();
  await using server = serverAs({ uid: 1234 }, where);
  expect(await server.line()).toBe('ready');
  expect(await connecting).toMatchObject({ code: 'ERR_UNAUTHORIZED' });
});

it.each<[string, (controller: AbortController) => object, string]>([
  ['the timeout', () => ({ timeout: 1 }), 'ETIMEDOUT'],
  ['the signal', ({ signal }) => ({ signal }), 'ABORT_ERR'],
])('%s ends a check that never does, and nothing is left open', async (_, options, code) => {
  await using server = await listen(where);
  const before = openDescriptors().size;
  const controller = new AbortController();
  let peer: Peer | undefined;
  const connecting = codeOf(() =>
    connect(where, {
      ...options(controller),
      expect: (each) => {
        peer = each;
        // Opened here, so that it is seen to be closed.
        expect(each.pidfd?.closed).toBe(false);
        return new Promise<boolean>(() => undefined);
      },
    }),
  );
  await until(() => peer !== undefined);
  controller.abort();
  expect(await connecting).toBe(code);
  expect(openDescriptors().size).toBe(before);
  expect(await codeOf(() => peer?.groups)).toBe('ERR_FD_CLOSED');
  expect(server.listening).toBe(true);
});

it('a socket that is destroyed while it is checked is closed, and a late answer does nothing', async () => {
  await using server = await listen(where);
  const before = openDescriptors().size;
  let answer: ((right: boolean) => void) | undefined;
  const socket = createConnection(where, { expect: () => new Promise((resolve) => (answer = resolve)) });
  socket.on('connect', () => expect(socket).toBe('destroyed'));
  await until(() => answer !== undefined);
  await destroyed(socket);
  answer?.(true);
  await nextTurn();
  expect(openDescriptors().size).toBe(before);
  expect(server.listening).toBe(true);
});

it('a socket that is destroyed after the check and before it is open closes what the check asked for', async () => {
  await using server = await listen(where);
  let asked: Peer | undefined;
  const socket = createConnection(where, { expect: (peer) => ((asked = peer), peer.pidfd !== undefined) });
  const pidfd = asked?.pidfd;
  expect(pidfd?.closed).toBe(false);
  await destroyed(socket);
  expect(pidfd?.closed).toBe(true);
  expect(server.listening).toBe(true);
});

it('a pidfd that the check asked for stays with the socket, and is closed with it', async () => {
  await using server = await listen(where);
  let asked: Peer | undefined;
  const client = await connect(where, { expect: (peer) => ((asked = peer), peer.pidfd !== undefined) });
  expect(client.peer).toBe(asked);
  const { pidfd } = client.peer;
  expect(pidfd?.closed).toBe(false);
  const accepted = await nextOf(server[Symbol.asyncIterator]());
  await destroyed(client, accepted);
  expect(pidfd?.closed).toBe(true);
});

it('who listens counts, and not who made the path', async () => {
  // As a service manager does: it binds and listens, and its service accepts.
  await using server = python(
    `
import os, signal, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.chown(sys.argv[1], 1, 1); os.chmod(sys.argv[1], 0o666)
s.listen(); os.setgid(7); os.setuid(7)
print('ready', flush=True); signal.pause()
`,
    { args: [where] },
  );
  expect(await server.line()).toBe('ready');
  const client = await connect(where, { expect: { uid: own.uid, pid: server.pid } });
  await destroyed(client);
});

it.each<[unknown, string]>([
  [{}, 'ERR_INVALID_ARG_VALUE'],
  [{ uid: undefined }, 'ERR_INVALID_ARG_VALUE'],
  [{ user: 0 }, 'ERR_INVALID_ARG_VALUE'],
  [{ uid: '0' }, 'ERR_INVALID_ARG_TYPE'],
  [0, 'ERR_INVALID_ARG_TYPE'],
  [null, 'ERR_INVALID_ARG_TYPE'],
  [{ uid: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ uid: 2 ** 32 - 1 }, 'ERR_OUT_OF_RANGE'],
  [{ pid: 1.5 }, 'ERR_OUT_OF_RANGE'],
])('expect: %p is refused, as nothing would be checked', async (expected, code) => {
  expect(await codeOf(() => connect(where, { expect: expected as Expectation }))).toBe(code);
  expect(await codeOf(() => createConnection(where, { expect: expected as Expectation }))).toBe(code);
});
