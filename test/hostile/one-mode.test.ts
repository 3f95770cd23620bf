import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FdFrame, type FdSocket, socketpair } from '../../packages/ancillary';
import { thrown } from '../native/thrown';
import { closed, destroyed, nextOf } from '../socket/sockets';
import { modeRefusal } from '../support/mode-refusal';

let left: FdSocket;
let right: FdSocket;
beforeEach(() => {
  [left, right] = socketpair();
});
afterEach(() => destroyed(left, right));

it.each([
  ['read()', (socket: FdSocket): unknown => socket.read()],
  ['read(1)', (socket: FdSocket): unknown => socket.read(1)],
  ['resume()', (socket: FdSocket) => socket.resume()],
  [`on('data')`, (socket: FdSocket) => socket.on('data', () => undefined)],
  [`on('readable')`, (socket: FdSocket) => socket.on('readable', () => undefined)],
  [`once('data')`, (socket: FdSocket) => socket.once('data', () => undefined)],
] as const)('%s during frames() throws ERR_FD_MODE, and the loop goes on', async (_, read) => {
  const frames = left.frames();
  const next = nextOf<FdFrame>(frames);
  expect(thrown(() => read(left))).toEqual(modeRefusal());
  // It might have been put off to a turn of its own.
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  expect(left.destroyed).toBe(false);
  await right.send('first');
  expect((await next).bytes.toString()).toBe('first');
  await right.send('second');
  expect((await nextOf<FdFrame>(frames)).bytes.toString()).toBe('second');
  expect(left.listenerCount('data') + left.listenerCount('readable')).toBe(0);
});

it.each([
  ['nothing', () => undefined],
  ['pause()', (socket: FdSocket) => socket.pause()],
])('%s before frames(): end and close still come', async (_, before) => {
  before(left);
  const ended = once(left, 'end');
  right.end('only');
  right.resume();
  const texts: string[] = [];
  for await (const frame of left.frames()) texts.push(frame.bytes.toString());
  expect(texts).toEqual(['only']);
  await ended;
  left.end();
  await closed(left, right);
});

it('pause() before receive(): end and close still come', async () => {
  left.pause();
  const ended = once(left, 'end');
  right.end('x');
  right.resume();
  expect((await left.receive(1)).bytes.toString()).toBe('x');
  expect(await left.frames().next()).toEqual({ done: true, value: undefined });
  await ended;
  left.end();
  await closed(left, right);
});
