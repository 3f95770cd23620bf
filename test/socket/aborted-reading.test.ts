import { type FdFrame, type FdSocket, fds, type OwnedFd, type ReadOptions, socketpair } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { until } from '../hostile/until';
import { codeOf, destroyed, nextOf } from './sockets';

const codec = lengthPrefixed({ lengthBytes: 1, countBytes: 1 });

let socket: FdSocket;
let peer: FdSocket;
let file: OwnedFd;
beforeEach(() => {
  [socket, peer] = socketpair();
  file = fds.memfd('file');
});
afterEach(async () => {
  file.close();
  await destroyed(socket, peer);
});

const WAYS: Record<string, (options: ReadOptions) => Promise<unknown>> = {
  'receive()': (options) => socket.receive(5, options),
  'frames()': (options) => socket.frames(undefined, options).next(),
  'frames(codec)': (options) => socket.frames(codec, options).next(),
  'forEachFrame()': (options) => socket.forEachFrame((frame) => frame.close(), undefined, options),
  'forEachFrame(codec)': (options) => socket.forEachFrame((frame) => frame.close(), codec, options),
};
const ways = Object.keys(WAYS);
const read = (way: string, options: ReadOptions): Promise<unknown> =>
  WAYS[way]?.(options) ?? Promise.reject(new Error(way));

describe.each(ways)('%s', (way) => {
  it('rejects with an AbortError when its signal aborts, and the socket is read on in another way', async () => {
    const controller = new AbortController();
    const reading = read(way, { signal: controller.signal });
    const reason = new Error('why');
    controller.abort(reason);
    await expect(reading).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason });
    expect(socket.destroyed).toBe(false);
    await peer.send('later');
    using frame = await socket.receive(5);
    expect(frame.bytes.toString()).toBe('later');
  });

  it('rejects at once when it has aborted before, and takes nothing', async () => {
    await peer.send('\x01\x01a', [file]);
    await expect(read(way, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    await expect(read(way, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(socket.stats.bytesRead).toBe(0);
    using frame = await nextOf<FdFrame>(socket.frames(codec));
    expect([frame.bytes.length, frame.fds.length]).toEqual([3, 1]);
  });

  it('has a timeout by AbortSignal.timeout()', async () => {
    const error = (await read(way, { signal: AbortSignal.timeout(1) }).catch((each: unknown) => each)) as Error;
    expect([error.name, (error.cause as Error).name]).toEqual(['AbortError', 'TimeoutError']);
  });

  it('leaves no listener on the signal, whether it aborted, ended or was never started', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners++;
      add(...given);
    };
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners--;
      remove(...given);
    };
    const reading = read(way, { signal }).catch(() => undefined);
    expect(listeners).toBe(1);
    peer.end();
    await reading;
    expect(listeners).toBe(0);
  });

  it.each([5, 'soon', {}, null])('refuses %p as a signal', async (signal) => {
    expect(await codeOf(() => read(way, { signal } as unknown as ReadOptions))).toBe('ERR_INVALID_ARG_TYPE');
    expect(await codeOf(() => read(way, 5 as unknown as ReadOptions))).toBe('ERR_INVALID_ARG_TYPE');
  });
});

it('a frame of which a part is there is whole in the next way of reading, with its descriptors', async () => {
  const controller = new AbortController();
  const frames = socket.frames(codec, { signal: controller.signal });
  const waiting = frames.next();
  await peer.send('\x04\x02ab', [file, file]);
  await until(() => socket.stats.bytesRead === 4);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  expect(await frames.next()).toEqual({ done: true, value: undefined });
  await peer.send('cd');
  using frame = await nextOf<FdFrame>(socket.frames(codec));
  expect([frame.bytes.toString('latin1', 2), frame.fds.length]).toEqual(['abcd', 2]);
});

it('descriptors that were surplus before are not missing in the next way of reading', async () => {
  const [left, right] = socketpair({ maxFdsPerFrame: 1, onSurplus: 'close' });
  const controller = new AbortController();
  const waiting = right.frames(codec, { signal: controller.signal }).next();
  await left.send('\x02\x03a', [file, file, file]);
  await until(() => right.stats.fdsClosed === 2);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  await left.send('b');
  using frame = await nextOf<FdFrame>(right.frames(codec));
  expect([frame.bytes.toString('latin1', 2), frame.fds.length]).toEqual(['ab', 1]);
  await destroyed(left, right);
});

it('complete frames that wait are left where a loop is aborted between two of them', async () => {
  const controller = new AbortController();
  for (const text of ['a', 'b', 'c']) await peer.send(`\x01\x01${text}`, [file]);
  const frames = socket.frames(codec, { signal: controller.signal });
  (await nextOf<FdFrame>(frames)).close();
  controller.abort();
  expect(await codeOf(() => frames.next())).toBe('ABORT_ERR');
  expect(await frames.next()).toEqual({ done: true, value: undefined });
  using frame = await nextOf<FdFrame>(socket.frames(codec));
  expect([frame.bytes.toString('latin1', 2), frame.fds.length]).toEqual(['b', 1]);
});

it('everyone who waits for the next frame is told', async () => {
  const controller = new AbortController();
  const frames = socket.frames(codec, { signal: controller.signal });
  const waiting = [frames.next(), frames.next(), frames.next()];
  controller.abort();
  const outcomes = await Promise.allSettled(waiting);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
});

it('forEachFrame() does not wait for a handler that hangs, and what it does later harms nobody', async () => {
  const controller = new AbortController();
  let fail: (error: Error) => void = () => undefined;
  const reading = socket.forEachFrame(
    () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
    codec,
    { signal: controller.signal },
  );
  await peer.send('\x01\x00a\x01\x00b');
  await until(() => socket.stats.framesReceived === 1);
  controller.abort();
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  const next = nextOf<FdFrame>(socket.frames(codec));
  fail(new Error('too late'));
  expect((await next).bytes.toString('latin1', 2)).toBe('b');
});

it('aborting within measure() loses no frame', async () => {
  const controller = new AbortController();
  const aborting = {
    ...codec,
    measure: (buffered: Uint8Array, scanned: number) => {
      if (buffered.length === 3) controller.abort();
      return codec.measure(buffered, scanned);
    },
  };
  const waiting = socket.frames(aborting, { signal: controller.signal }).next();
  await peer.send('\x01\x01a', [file]);
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  using frame = await nextOf<FdFrame>(socket.frames(codec));
  expect(frame.fds).toHaveLength(1);
});

it('a socket destroyed while a signal is waited on is told by that alone', async () => {
  const controller = new AbortController();
  const waiting = socket.receive(1, { signal: controller.signal });
  socket.destroy(new Error('enough'));
  controller.abort();
  await expect(waiting).rejects.toThrow('enough');
});

it('many sockets wait on one signal without a warning', async () => {
  const warned = jest.fn();
  process.on('warning', warned);
  const controller = new AbortController();
  const pairs = Array.from({ length: 30 }, () => socketpair());
  const { signal } = controller;
  const waiting = pairs.flatMap(([left, right]) => [
    left.receive(1, { signal }),
    right.forEachFrame(() => undefined, codec, { signal }),
  ]);
  controller.abort();
  const outcomes = await Promise.allSettled(waiting);
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  // A warning is emitted on the next tick.
  await new Promise(setImmediate);
  process.off('warning', warned);
  expect(warned).not.toHaveBeenCalled();
  await destroyed(...pairs.flat());
});
