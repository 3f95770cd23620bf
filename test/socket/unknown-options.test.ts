import { adopt, connect, createConnection, fds, handoff, listen, raw, socketpair } from '../../packages/ancillary';
import { modelSocketPair } from '../../packages/ancillary/testing';
import { lengthPrefixed } from '../../packages/codec';
import { nearestName } from '../../packages/binding/nearest-name';
import { dbusHandshake } from '../../packages/codec/dbus';
import { jsonValues } from '../../packages/rpc';
import { left, memory } from './lent';

// An option that does nothing is refused: it is misspelt, belongs elsewhere, or lacks another one, and nobody would learn of it.

const wrong = (options: object): never => options as never;

type Refusals = readonly (readonly [string, () => unknown, RegExp])[];

const code = expect.stringMatching(/^ERR_INVALID_ARG_(VALUE|TYPE)$/) as string;

const refuses = async (_what: string, attempt: () => unknown, message: RegExp): Promise<void> => {
  await expect(Promise.resolve().then(attempt)).rejects.toMatchObject({
    name: 'TypeError',
    code,
    message: expect.stringMatching(message) as string,
  });
};

const unknown: Refusals = [
  [
    'connect()',
    () => connect('/x', wrong({ retrys: true })),
    /^connect\(\) has no option 'retrys'.*'retry'\?.*timeout/,
  ],
  ['connect() at a path', () => connect(wrong({ path: '/x', retry: true })), /^an address { path } has no 'retry'/],
  ['connect() at a name', () => connect(wrong({ abstract: 'x', mode: 1 })), /^an address { abstract } has no 'mode'/],
  ['listen()', () => listen('/x', wrong({ backLog: 5 })), /^listen\(\) has no option 'backLog'.*'backlog'\?/],
  ['listen() at a path', () => listen(wrong({ path: '/x', modes: 1 })), /^an address .* has no 'modes'.*'mode'\?/],
  ['listen() on a socket', () => listen(wrong({ fd: 0, mode: 1 })), /^an address { fd } has no 'mode'/],
  ['socketpair()', () => socketpair(wrong({ highWatermark: 1 })), /^socketpair\(\) .*'highWaterMark'\?/],
  ['adopt()', () => adopt(memory.fd, wrong({ maxFds: 1 })), /^adopt\(\) has no option 'maxFds'.*'maxQueuedFds'\?/],
  ['memfd()', () => fds.memfd('x', undefined, wrong({ sealed: true })), /^memfd\(\) .*'sealed'.*'seal'\?/],
  ['sendFd()', () => handoff.sendFd(left, memory, wrong({ ack: true })), /^sendFd\(\) .*'ack'\. There is acknowledge/],
  ['receiveFd()', () => handoff.receiveFd(left, wrong({ byte: 1 })), /^receiveFd\(\) has no option 'byte'/],
  ['receiveMessage()', () => raw.receiveMessage(left, Buffer.alloc(1), wrong({ maxFd: 1 })), /'maxFd'.*'maxFds'\?/],
  ['lengthPrefixed()', () => lengthPrefixed(wrong({ maxlength: 1 })), /'maxlength'.*'maxLength'\?/],
  ['options as a list', () => socketpair(wrong([1])), /^options is an object, not an instance of Array$/],
  ['options as memory', () => connect('/x', wrong(Buffer.from('x'))), /^options is an object, not .* Buffer$/],
];

it.each(unknown)('%s refuses an option that there is not', refuses);

const ofServer = 'it is a property of the server that listen() resolves to: server.maxConnections = 100';

const misplaced: readonly (readonly [string, () => unknown, string])[] = [
  [
    'listen() with a mode',
    () => listen('/x', wrong({ mode: 0o666 })),
    "listen() has no option 'mode': it belongs in the address: listen({ path, mode })",
  ],
  [
    'listen() with a path',
    () => listen('/x', wrong({ path: '/y' })),
    "listen() has no option 'path': it belongs in the address: listen({ path })",
  ],
  [
    'listen() with a name',
    () => listen('/x', wrong({ abstract: 'y' })),
    "listen() has no option 'abstract': it belongs in the address: listen({ abstract })",
  ],
  [
    'listen() with a number of connections',
    () => listen('/x', wrong({ maxConnections: 5 })),
    `listen() has no option 'maxConnections': ${ofServer}`,
  ],
  [
    'listen() with who listens',
    () => listen('/x', wrong({ expect: { uid: 0 } })),
    "listen() has no option 'expect': it is an option of connect(); a server has authorize",
  ],
  [
    'the address of listen() with a backlog',
    () => listen(wrong({ path: '/x', backlog: 5 })),
    "an address { path, mode } has no 'backlog': it belongs among the options: listen(address, { backlog })",
  ],
  [
    'the address of listen() with a limit',
    () => listen(wrong({ abstract: 'x', maxFdsPerFrame: 5 })),
    "an address { abstract } has no 'maxFdsPerFrame': it belongs among the options: listen(address, { maxFdsPerFrame })",
  ],
  [
    'the address of listen() with a number of connections',
    () => listen(wrong({ path: '/x', maxConnections: 5 })),
    `an address { path, mode } has no 'maxConnections': ${ofServer}`,
  ],
  [
    'a name with a mode',
    () => listen(wrong({ abstract: 'x', mode: 1 })),
    "an address { abstract } has no 'mode': it belongs to a path: listen({ path, mode })",
  ],
  [
    'connect() with a path',
    () => connect('/x', wrong({ path: '/y' })),
    "connect() has no option 'path': it belongs in the address: connect({ path })",
  ],
  [
    'connect() with a descriptor',
    () => connect('/x', wrong({ fd: 3 })),
    "connect() has no option 'fd': adopt(fd) takes a socket that is connected",
  ],
  [
    'connect() with a mode',
    () => connect('/x', wrong({ mode: 1 })),
    "connect() has no option 'mode': it belongs in the address of a server: listen({ path, mode })",
  ],
  [
    'connect() with who may connect',
    () => connect('/x', wrong({ authorize: () => true })),
    "connect() has no option 'authorize': it is an option of listen()",
  ],
  [
    'connect() with a number of connections',
    () => connect('/x', wrong({ maxConnections: 1 })),
    `connect() has no option 'maxConnections': ${ofServer}`,
  ],
  [
    'the address of connect() with who listens',
    () => connect(wrong({ path: '/x', expect: { uid: 0 } })),
    "an address { path } has no 'expect': it belongs among the options: connect(address, { expect })",
  ],
  [
    'the address of connect() with a backlog',
    () => connect(wrong({ path: '/x', backlog: 1 })),
    "an address { path } has no 'backlog': it is an option of listen()",
  ],
  [
    'the address of createConnection() with who listens',
    () => createConnection(wrong({ path: '/x', expect: { uid: 0 } })),
    "createConnection() would pass over 'expect' in its address: it belongs among the options: createConnection(address, { expect })",
  ],
  [
    'the address of createConnection() with retry',
    () => createConnection(wrong({ path: '/x', retry: true })),
    "createConnection() would pass over 'retry' in its address: it belongs among the options: createConnection(address, { retry })",
  ],
  [
    'the address of createConnection() with receiveFds',
    () => createConnection(wrong({ path: '/x', receiveFds: false })),
    "createConnection() would pass over 'receiveFds' in its address: it belongs among the options: createConnection(address, { receiveFds })",
  ],
  [
    'createConnection() with who may connect',
    () => createConnection('/x', wrong({ authorize: () => true })),
    "createConnection() would pass over 'authorize' in its options: it is an option of listen()",
  ],
  [
    'createConnection() with a number of connections',
    () => createConnection('/x', wrong({ maxConnections: 1 })),
    `createConnection() would pass over 'maxConnections' in its options: ${ofServer}`,
  ],
];

it.each(misplaced)('%s: the refusal says where that belongs', async (_what, attempt, message) => {
  await expect(Promise.resolve().then(attempt)).rejects.toMatchObject({ name: 'TypeError', code, message });
});

it('createConnection() passes over what clients of HTTP call retry', () => {
  createConnection(wrong({ path: '/nowhere', retry: { limit: 2 } }))
    .on('error', () => undefined)
    .destroy();
});

const alone: Refusals = [
  [
    'authorizeTimeout',
    () => listen('/x', { authorizeTimeout: 1000 }),
    /^authorizeTimeout does nothing without authorize, which is missing$/,
  ],
  [
    'timeout of listen()',
    () => listen('/x', { timeout: 1000 }),
    /^timeout does nothing without retry, which is missing$/,
  ],
  [
    'authorize of a client of D-Bus',
    () => dbusHandshake(left, { authorize: () => true }),
    /^authorize does nothing with side 'client', which is the default$/,
  ],
  [
    'guid of a client of D-Bus',
    () => dbusHandshake(left, { side: 'client', guid: 'a'.repeat(32) }),
    /^guid does nothing with side 'client', which was given$/,
  ],
  [
    'identity of a server of D-Bus',
    () => dbusHandshake(left, { side: 'server', identity: '' }),
    /^identity does nothing with side 'server', which was given$/,
  ],
  [
    'maxLength beside frames',
    () => jsonValues({ maxLength: 10, frames: lengthPrefixed() }),
    /^maxLength does nothing beside frames/,
  ],
];

it.each(alone)('%s is refused where it does nothing', refuses);

it('what is written for a terminal in place of a name is escaped', () => {
  expect(() => socketpair(wrong({ '\x1b[2J': 1 }))).toThrow(/has no option '\\x1B\[2J'/);
});

it('an option that is undefined is left out', () => {
  const pair = socketpair({ highWaterMark: undefined, onread: undefined, allowHalfOpen: undefined, child: undefined });
  for (const socket of pair) socket.destroy();
  expect(lengthPrefixed({ countBytes: undefined, littleEndian: undefined }).reads).toBe('greedy');
});

it('createConnection() passes over those of Node, which gives its callers all that it has', async () => {
  const options = wrong({ path: '/nowhere', host: 'localhost', port: 80, headers: {}, keepAlive: true });
  for (const socket of [createConnection(options, options), createConnection(options)]) {
    const failed = new Promise((resolve) => socket.on('error', resolve));
    expect(await failed).toMatchObject({ code: 'ENOENT', path: '/nowhere' });
  }
});

it.each([
  ['retrys', 'retry'],
  ['RETRY', 'retry'],
  ['timeOut', 'timeout'],
  ['signl', 'signal'],
  ['headers', undefined],
  ['', undefined],
  ['x'.repeat(1000), undefined],
])('of %p the nearest name is %p', (written, nearest) => {
  expect(nearestName(written, ['signal', 'timeout', 'retry'])).toBe(nearest);
});

it('the model refuses those of its sockets, too', () => {
  expect(() => modelSocketPair({ socket: wrong({ highWatermark: 1 }) })).toThrow(/'highWaterMark'\?/);
});
