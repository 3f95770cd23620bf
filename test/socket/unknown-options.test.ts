import { adopt, connect, createConnection, fds, handoff, listen, raw, socketpair } from '../../packages/ancillary';
import { modelSocketPair } from '../../packages/ancillary/testing';
import { lengthPrefixed } from '../../packages/codec';
import { nearestName } from '../../packages/binding/nearest-name';
import { left, memory } from './lent';

// A misspelt option would do nothing, and nobody would learn of it.

const wrong = (options: object): never => options as never;

const refusals: readonly (readonly [string, () => unknown, RegExp])[] = [
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

it.each(refusals)('%s refuses an option that there is not', async (_what, attempt, message) => {
  const code = expect.stringMatching(/^ERR_INVALID_ARG_(VALUE|TYPE)$/) as string;
  await expect(Promise.resolve().then(attempt)).rejects.toMatchObject({
    name: 'TypeError',
    code,
    message: expect.stringMatching(message) as string,
  });
});

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
