import { type FdFrame, type FdSocket, fds, type FrameCodec, socketpair } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { closed, codeOf, destroyed, nextOf } from '../socket/sockets';
import { inChild } from './child';
import { settled, until } from './until';

// Whatever a codec does while it is asked: whoever waits learns how it went, and no descriptor is lost.

type Measure = FrameCodec<unknown, never>['measure'];
const DONE = { done: true, value: undefined };
const usual = lengthPrefixed({ lengthBytes: 1, countBytes: 1 });

let socket: FdSocket;
let peer: FdSocket;
beforeEach(() => {
  [socket, peer] = socketpair();
});
afterEach(() => destroyed(socket, peer));

/** The codec may have closed the socket by then. */
function send(text: string): void {
  peer.on('error', () => undefined);
  peer.send(text).catch(() => undefined);
}

function codecOf(measure: Measure): FrameCodec<unknown, never> {
  return { decode: () => undefined, encode: () => ({ bytes: Buffer.alloc(1) }), measure };
}

/** A codec that does something before it measures for the `at`th time. */
function doing(what: () => void, at = 1): FrameCodec<unknown, never> {
  let calls = 0;
  return codecOf((buffered, scanned) => {
    calls++;
    if (calls === at) what();
    return usual.measure(buffered, scanned);
  });
}

const ENDS: readonly [string, Error | undefined][] = [
  ['without an error', undefined],
  ['with an error', new Error('enough')],
];

describe.each(ENDS)('destroy() %s', (_name, error) => {
  const outcome = error === undefined ? { status: 'fulfilled', value: DONE } : { status: 'rejected', reason: error };
  const ofEach = error === undefined ? { status: 'fulfilled', value: undefined } : outcome;
  const destroy = (): void => void socket.destroy(error);

  it.each([1, 2])('in measure(), asked for the time %d, settles next()', async (at) => {
    const waiting = socket.frames(doing(destroy, at)).next();
    send('\x01\x00a');
    expect(await settled(waiting)).toEqual(outcome);
  });

  it('in measure(), with the frame there already, settles next()', async () => {
    await peer.send('\x01\x00a\x01\x00b');
    const frames = socket.frames(doing(destroy, 3));
    await nextOf<FdFrame>(frames);
    expect(await settled(frames.next())).toEqual(outcome);
  });

  it.each([1, 2])('in measure(), asked for the time %d, settles forEachFrame()', async (at) => {
    const waiting = socket.forEachFrame(() => undefined, doing(destroy, at));
    send('\x01\x00a');
    expect(await settled(waiting)).toEqual(ofEach);
  });

  it.each(['need', 'length', 'fds'])('in a getter of %s settles next()', async (name) => {
    const codec = codecOf((buffered) => {
      const answer = name === 'need' ? { need: buffered.length + 1 } : { length: 3, fds: 0 };
      return Object.defineProperty(answer, name, {
        get() {
          destroy();
          return name === 'fds' ? 0 : 3;
        },
      });
    });
    const waiting = socket.frames(codec).next();
    send('\x01\x00a');
    expect(await settled(waiting)).toEqual(outcome);
  });

  it(`in a listener of 'discarded' settles whoever waits`, async () => {
    socket.on('discarded', destroy);
    const [left, right] = socketpair({ onSurplus: 'close' });
    right.on('discarded', () => right.destroy(error));
    const waiting = right.frames(usual).next();
    const memory = fds.memfd('surplus');
    await left.send('\x01\x00', [memory]);
    memory.close();
    await until(() => right.stats.bytesRead === 2);
    await left.send('a');
    const result = await settled(waiting);
    expect([result.status, right.destroyed]).toEqual([expect.any(String), true]);
    await destroyed(left, right);
  });

  it('in the handler of forEachFrame() settles it', async () => {
    const waiting = socket.forEachFrame(destroy, usual);
    send('\x01\x00a\x01\x00b');
    expect(await settled(waiting)).toEqual(ofEach);
  });
});

it(`destroy() in a listener of 'fds' closes the socket, and what the listener was given is its own`, async () => {
  const memory = fds.memfd('given');
  const given: FdFrame[] = [];
  socket.on('data', () => undefined);
  socket.on('fds', (frame) => {
    given.push(frame);
    socket.destroy();
  });
  await peer.send('a', [memory]);
  memory.close();
  await closed(socket);
  expect(given.map(({ fds: [fd] }) => fd?.closed)).toEqual([false]);
  for (const frame of given) frame.close();
});

it('destroy() in the callback of onread asks for no further memory', async () => {
  let asked = 0;
  const [left, right] = socketpair({
    onread: {
      buffer: () => {
        asked++;
        return Buffer.alloc(4);
      },
      callback() {
        this.destroy();
      },
    },
  });
  const before = asked;
  await left.send('a');
  await closed(right);
  expect(asked).toBe(before);
  await destroyed(left);
});

it.each([
  ['leaving the loop', (frames: AsyncIterator<FdFrame>) => void frames.return?.()],
  [
    'leaving it and throwing',
    (frames: AsyncIterator<FdFrame>) => {
      void frames.return?.();
      throw new Error('thrown by the codec');
    },
  ],
])('%s in measure() leaves the frame, with its descriptors, for the next way of reading', async (_name, leave) => {
  const memory = fds.memfd('kept');
  let frames: AsyncIterator<FdFrame> | undefined = undefined;
  frames = socket.frames(doing(() => leave(frames as unknown as AsyncIterator<FdFrame>), 2));
  const waiting = frames.next();
  await peer.send('\x01\x01a', [memory]);
  memory.close();
  expect(await settled(waiting)).toEqual({ status: 'fulfilled', value: DONE });
  using frame = await nextOf<FdFrame>(socket.frames(usual));
  expect([frame.bytes.toString('latin1'), frame.fds.length]).toEqual(['\x01\x01a', 1]);
});

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const WITHOUT_A_STRING: readonly [string, () => unknown][] = [
  ['an object without a prototype', () => Object.create(null) as unknown],
  [
    'an object whose toString throws',
    () => ({
      toString: () => {
        throw new Error('no');
      },
    }),
  ],
  ['an object whose conversion gives an object', () => ({ [Symbol.toPrimitive]: () => ({}) })],
  ['a revoked Proxy', revoked],
  [
    'an error whose stack throws',
    () =>
      Object.defineProperty(new Error('x'), 'stack', {
        get() {
          throw new Error('no');
        },
      }),
  ],
  ['a symbol', () => Symbol('thrown')],
  ['undefined', () => undefined],
];

describe.each(WITHOUT_A_STRING)('a codec that throws %s', (_name, make) => {
  const failing = (): FrameCodec<unknown, never> =>
    doing(() => {
      throw make();
    });

  it('is reported by an Error, and closes the socket', async () => {
    await expect(socket.frames(failing()).next()).rejects.toBeInstanceOf(Error);
    await closed(socket);
    await expect(peer.forEachFrame(() => undefined, failing())).rejects.toBeInstanceOf(Error);
    await closed(peer);
  });

  it('in decode() too, under framed()', async () => {
    const decoding = { ...usual, decode: () => void failing().measure(Buffer.alloc(0), 0) };
    await peer.send('\x01\x00a');
    const messages = framed(socket, decoding)[Symbol.asyncIterator]();
    const outcome = await settled(messages.next());
    expect(outcome.status).toBe('rejected');
    await closed(socket);
  });
});

it('an answer is what its properties were when they were read, however they change', async () => {
  const { result } = await inChild(`
    const changing = (...values) => () => (values.length > 1 ? values.shift() : values[0]);
    const answerOf = (getters) => Object.create({}, Object.fromEntries(
      Object.entries(getters).map(([name, get]) => [name, { get, enumerable: true }])));
    const told = [];
    for (const make of [
      () => answerOf({ need: changing(3, 3, 0) }),
      () => answerOf({ length: changing(3, 3, 0), fds: changing(0) }),
      () => answerOf({ length: changing(3, 1e9), fds: changing(0, -1) }),
      () => new Proxy({ need: 1 }, { get: changing(9, 0) }),
    ]) {
      const [socket, peer] = ancillary.socketpair();
      const next = socket.frames({ measure: make }).next();
      await peer.send('abcdef');
      peer.end();
      told.push(await next.then(({ value }) => String(value?.bytes), (error) => error.code));
      socket.destroy();
      peer.destroy();
    }
    return told;`);
  expect(result).toEqual(['ERR_OUT_OF_RANGE', 'abc', 'abc', 'ERR_FRAME_INCOMPLETE']);
});

it.each([
  ['bytes that it is shown', 'abc'],
  ['nothing, where nothing has come yet', ''],
])('a codec that changes the length of %s is refused, and no other is shown that', async (_name, text) => {
  const codec = codecOf((buffered) => {
    if (text === '' || buffered.length > 0) Object.defineProperty(buffered, 'length', { value: -1 });
    return { need: buffered.length + 1 };
  });
  send(text);
  expect(await codeOf(() => socket.frames(codec).next())).toBe('ERR_OUT_OF_RANGE');
  const [left, right] = socketpair();
  const shown: number[] = [];
  const frames = left.frames(codecOf(({ length }) => (shown.push(length), { need: 1 })));
  right.end();
  expect(await frames.next()).toEqual({ done: true, value: undefined });
  expect(shown).toEqual([0]);
  await destroyed(left, right);
});
