import net from 'node:net';
import { adopt, connect, fds, handoff, listen, OwnedFd, raw, socketpair } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { openDescriptors } from '../support/descriptors';
import { left, memory, right } from './lent';

// A program in plain JavaScript may give anything; it hears of it at once, in Node's words, and nothing has happened.

const isOpen = (fd: number) => openDescriptors().has(fd);
/** What no type checker would let through. */
const wrong = (value: unknown): never => value as never;

const TYPE = 'ERR_INVALID_ARG_TYPE';
const VALUE = 'ERR_INVALID_ARG_VALUE';
const RANGE = 'ERR_OUT_OF_RANGE';

const refusals: readonly (readonly [string, () => unknown, string, RegExp])[] = [
  ['an OwnedFd of a number', () => void Reflect.construct(OwnedFd, [5]), TYPE, /OwnedFd\.adopt\(fd\)/],
  ['adopting a path', () => OwnedFd.adopt(wrong('/dev/null')), VALUE, /not '\/dev\/null'$/],
  ['a memfd with options for data', () => fds.memfd('x', wrong({ seal: true })), TYPE, /not an instance of Object$/],
  ['a memfd of wide numbers', () => fds.memfd('x', wrong(new Uint16Array(2))), TYPE, /not an instance of Uint16Array$/],
  ['a memfd without a name', () => fds.memfd(wrong(5)), TYPE, /name is a string, not 5$/],
  ['adopting an FdSocket', () => adopt(wrong(left)), TYPE, /net\.Socket, not an instance of FdSocket$/],
  ['options that are none', () => socketpair(wrong(5)), TYPE, /^options is an object, not 5$/],
  ['options that are null', () => left.send('x', [memory], wrong(null)), TYPE, /^options is an object, not null$/],
  ['options that are a flag', () => left.send('x', [memory], wrong(true)), TYPE, /^options is an object, not true$/],
  ['listen() with null', () => listen('/x', wrong(null)), TYPE, /not null$/],
  ['onread of null', () => socketpair({ onread: wrong(null) }), TYPE, /^onread is an object, not null$/],
  ['a memfd with null', () => fds.memfd('x', Buffer.from('x'), wrong(null)), TYPE, /not null$/],
  ['a hand-off with null', () => handoff.sendFd(left, memory, wrong(null)), TYPE, /not null$/],
  ['raw with null', () => raw.receiveMessage(left, Buffer.alloc(1), wrong(null)), TYPE, /not null$/],
  ['raw with a string', () => raw.sendMessage(left, wrong('x')), TYPE, /Uint8Array/],
  ['a codec of a number', () => lengthPrefixed(wrong(5)), TYPE, /^options is an object, not 5$/],
  [
    'no payload',
    () => lengthPrefixed().encode(wrong(undefined)),
    TYPE,
    /^encode\(\) takes { bytes, fds }, not undefined$/,
  ],
  ['a long text for bytes', () => lengthPrefixed().encode({ bytes: wrong('text '.repeat(1000)) }), TYPE, /^.{1,120}$/],
  ['a descriptor beyond all', () => OwnedFd.adopt(2 ** 31), VALUE, /not 2147483648$/],
  ['a limit that is no number', () => socketpair({ maxQueuedFds: wrong('1') }), TYPE, /not '1'$/],
  ['a limit below the least', () => socketpair({ maxQueuedFds: 0 }), RANGE, /not 0$/],
  ['a choice that is none', () => socketpair({ onSurplus: wrong('drop') }), VALUE, /error, close, not 'drop'$/],
  ['connect() with no signal', () => connect('/x', { signal: wrong(1) }), TYPE, /^signal is an AbortSignal, not 1$/],
  ['listen() with no signal', () => listen('/x', { signal: wrong({}) }), TYPE, /not an instance of Object$/],
  ['sending to nothing', () => left.send('x', wrong(null)), TYPE, /array of descriptors, not null$/],
  ['sending an ArrayBuffer', () => left.send(wrong(new ArrayBuffer(3))), TYPE, /not an instance of ArrayBuffer$/],
  ['sending a function', () => left.send('x', [wrong(() => 3)]), TYPE, /not a function$/],
  ['sending with no signal', () => left.send('x', [memory], { signal: wrong(5) }), TYPE, /AbortSignal, not 5$/],
  ['a transfer of a kind', () => left.send('x', [memory], { transfer: wrong('no') }), TYPE, /true or false, not 'no'$/],
  ['receiving nothing', () => left.receive(0), RANGE, /not 0$/],
  ['a handler that is none', () => left.forEachFrame(wrong({})), TYPE, /not an instance of Object$/],
  [
    'a hand-off the wrong way round',
    () => handoff.sendFd(wrong(memory), wrong(left)),
    TYPE,
    /an instance of OwnedFd has no function send\(\)$/,
  ],
  ['a hand-off over net', () => handoff.receiveFd(wrong(new net.Socket())), TYPE, /Socket has no function send\(\)$/],
  ['framed() without a codec', () => framed(left, wrong(undefined)), TYPE, /undefined has no function measure\(\)$/],
  [
    'framed() over net',
    () => framed(wrong(new net.Socket()), lengthPrefixed()),
    TYPE,
    /Socket has no function frames\(\)$/,
  ],
  ['half a codec', () => framed(left, { ...lengthPrefixed(), decode: wrong(1) }), TYPE, /has no function decode\(\)$/],
  [
    'an object of a class without a name',
    () =>
      framed(
        left,
        wrong(
          new (class {
            codec = 1;
          })(),
        ),
      ),
    TYPE,
    /an instance of a class without a name has/,
  ],
  ['an object of no class', () => framed(left, wrong({ __proto__: null })), TYPE, /an instance of no class has/],
];

it.each(refusals)('%s is refused', async (_what, attempt, code, message) => {
  const outcome = Promise.resolve().then(attempt);
  await expect(outcome).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  await expect(outcome).rejects.toHaveProperty('name', code === RANGE ? 'RangeError' : 'TypeError');
});

it('closeAll() closes the OwnedFds among what it is given, and says what else there was', () => {
  const [first, second] = fds.pipe();
  expect(() => OwnedFd.closeAll([first, wrong(memory.fd), second])).toThrow(/takes OwnedFds, not \d+$/);
  expect([first.closed, second.closed]).toEqual([true, true]);
});

it('closeAll() closes what it was given before what it was given threw', () => {
  const [first, second] = fds.pipe();
  const { fd } = first;
  function* until(): Generator<OwnedFd> {
    yield first;
    throw new Error('no more');
  }
  expect(() => OwnedFd.closeAll(until())).toThrow('no more');
  expect(isOpen(fd)).toBe(false);
  second.close();
});

it('more descriptors than a sendmsg carries are the reason that is given', () => {
  const many = Array.from({ length: 254 }, () => memory);
  expect(() => raw.sendMessage(left, Buffer.from('x'), many)).toThrow(
    /EINVAL: 254 descriptors, where 253 are the most$/,
  );
});

it.each([false, true])('a hand-off whose peer closes, having read it: %s, is EPIPE', async (read) => {
  const handed = handoff.sendFd(left, memory, { acknowledge: true });
  if (read) (await right.receive(1)).close();
  right.destroy();
  await expect(handed).rejects.toMatchObject({ code: 'EPIPE' });
});

it('a destroyed socket receives nothing, and says so', async () => {
  left.destroy();
  await expect(left.receive(1)).rejects.toThrow(/destroyed; nothing can be received$/);
  await expect(left.send('x')).rejects.toThrow(/destroyed; nothing was sent$/);
});

it('a stream that ends between frames is not said to end inside of one', async () => {
  left.end();
  const refused = right.receive(4);
  await expect(refused).rejects.toMatchObject({ code: 'ERR_FRAME_INCOMPLETE' });
  await expect(refused).rejects.toThrow(/^the stream ended at 0, where a frame was to begin$/);
});
