import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  type FdFrame,
  type FdSocket,
  fds,
  type FdSocketOptions,
  type OwnedFd,
  socketpair,
} from '../../../packages/ancillary';
import { modelSocketPair } from '../../../packages/ancillary/testing';
import { lengthPrefixed } from '../../../packages/codec';
import { framed } from '../../../packages/rpc';
import { built } from '../../support/built';
import { node } from '../../support/children';
import { destroyed, nextOf } from '../../socket/sockets';
import { clockedPair, SteppedClock } from './stepped-clock';

const codec = lengthPrefixed();
/** Half of a frame that has so many descriptors: the header, and three bytes of ten. */
const half = (fdCount: number): Buffer => Buffer.from([0, 0, 0, 10, 0, fdCount, 1, 2, 3]);
const REST = Buffer.alloc(7);
/** What a deadline takes that has begun with the first of its ticks. */
const OVER = 9;

let file: OwnedFd;
let left: FdSocket;
let right: FdSocket;

beforeEach(() => {
  file = fds.memfd('file');
});

afterEach(async () => {
  file.close();
  await destroyed(left, right);
});

type Reader = (socket: FdSocket) => Promise<unknown>;

const READERS: [string, Reader][] = [
  ['frames()', (socket) => socket.frames(codec).next()],
  ['forEachFrame()', (socket) => socket.forEachFrame(() => undefined, codec)],
  ['receive()', (socket) => socket.receive(16)],
  ['framed()', (socket) => framed(socket, codec)[Symbol.asyncIterator]().next()],
];

describe('of real time', () => {
  function pair(options?: FdSocketOptions): void {
    [left, right] = socketpair(options);
    right.on('error', () => undefined);
  }

  it.each(READERS)('%s rejects with what came and was closed', async (_, read) => {
    pair({ frameTimeout: 10 });
    const discarded: unknown[] = [];
    right.on('discarded', (report) => discarded.push(report));
    await left.send(half(2), [file, file]);
    await expect(read(right)).rejects.toMatchObject({
      code: 'ERR_FRAME_TIMEOUT',
      message:
        'a frame has not come whole within 10 ms (frameTimeout) of its first byte or descriptor; what came, ' +
        '9 bytes and 2 descriptors from byte 0 on, is closed',
    });
    expect(right.destroyed).toBe(true);
    expect(discarded).toEqual([{ count: 2, range: { start: 0, end: 9 }, reason: 'incomplete' }]);
  });

  it('holds for plain bytes, and where the reader waited first', async () => {
    pair({ frameTimeout: 10 });
    const reading = nextOf(right.frames(codec));
    await left.send(half(0));
    await expect(reading).rejects.toMatchObject({ code: 'ERR_FRAME_TIMEOUT', message: /9 bytes and 0 descriptors/ });
  });

  it('counts from the first byte, however long a peer goes on byte by byte', async () => {
    pair({ frameTimeout: 20 });
    const drip = async (): Promise<void> => {
      await left.send(Buffer.from([0, 255, 255, 255, 0, 1]), [file]);
      while (!right.destroyed) {
        await left.send('.').catch(() => undefined);
        await nextTurn();
      }
    };
    const dripping = drip();
    await expect(right.frames(codec).next()).rejects.toMatchObject({ code: 'ERR_FRAME_TIMEOUT' });
    await dripping;
  });

  it('holds for descriptors that ride ahead of a frame that never comes', async () => {
    pair({ frameTimeout: 10 });
    const early = { measure: () => ({ length: 1, fds: 0 }), descriptors: 'early', decode: () => undefined } as const;
    const frames = right.frames(early);
    await left.send('x', [file, file]);
    await expect(frames.next()).resolves.toMatchObject({ value: { fds: [] } });
    await expect(frames.next()).rejects.toMatchObject({
      code: 'ERR_FRAME_TIMEOUT',
      message: /0 bytes and 2 descriptors/,
    });
  });

  it('is no time in which this process was busy: what came meanwhile is read first', async () => {
    pair({ frameTimeout: 400 });
    await left.send(half(1), [file]);
    const reading = nextOf(right.frames(codec));
    while (right.stats.bytesRead === 0) await nextTurn();
    left.write(REST);
    // The kernel has all of it, and the loop stands still for longer than the deadline.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    const frame = await reading;
    expect(frame.bytes).toEqual(Buffer.concat([half(1), REST]));
    frame.close();
  });

  it(`is told to those who listen to 'error', too`, async () => {
    pair({ frameTimeout: 10 });
    await left.send(half(1), [file]);
    right.forEachFrame(() => undefined, codec).catch(() => undefined);
    expect(await once(right, 'error')).toMatchObject([{ code: 'ERR_FRAME_TIMEOUT' }]);
  });
});

it('does not keep the process alive', async () => {
  const { stdout } = await node(`
    const { fds, socketpair } = require(${JSON.stringify(built())});
    const [left, right] = socketpair({ frameTimeout: 1_000_000 });
    left.send(Buffer.alloc(1), [fds.memfd('file')]).then(() => right.receive(2));
    left.unref();
    right.unref();
    process.on('exit', () => console.log('over'));
  `).succeeded();
  expect(stdout).toBe('over\n');
});

it('is that of each worker by itself, and does not keep it from ending', async () => {
  const worker = new Worker(
    `
      const { parentPort } = require('node:worker_threads');
      const { fds, socketpair } = require(${JSON.stringify(built())});
      const halves = async (frameTimeout) => {
        const [left, right] = socketpair({ frameTimeout });
        const file = fds.memfd('file');
        await left.send('x', [file]);
        file.close();
        left.unref();
        right.unref();
        return [left, right, right.receive(2)];
      };
      halves(1_000_000).then(async ([, , never]) => {
        never.catch(() => undefined);
        const [left, right, soon] = await halves(10);
        right.ref();
        const { code } = await soon.catch((error) => error);
        left.destroy();
        parentPort.postMessage(code);
      });
    `,
    { eval: true },
  );
  const ended = once(worker, 'exit');
  expect(await once(worker, 'message')).toEqual(['ERR_FRAME_TIMEOUT']);
  expect(await ended).toEqual([0]);
});

describe('of a clock', () => {
  let clock: SteppedClock;

  function pair(options?: FdSocketOptions): void {
    clock = new SteppedClock();
    [left, right] = clockedPair(clock, options);
    right.on('error', () => undefined);
  }

  /** Sends, and waits until it was received. */
  async function deliver(bytes: Uint8Array, descriptors: readonly OwnedFd[] = []): Promise<void> {
    const before = right.stats.bytesRead;
    await left.send(bytes, descriptors);
    while (right.stats.bytesRead < before + bytes.length) await nextTurn();
  }

  it('is 150 seconds for frames with descriptors where none was given, and for ever for others', async () => {
    pair();
    const reading = nextOf(right.frames(codec));
    await deliver(half(1).subarray(0, 6));
    expect(clock.running).toEqual([]);
    // The descriptor comes with a later byte of the same frame.
    await deliver(half(1).subarray(6), [file]);
    expect(clock.running).toEqual([150_000 / 8]);
    clock.tick(OVER - 1);
    expect(right.destroyed).toBe(false);
    clock.tick();
    await expect(reading).rejects.toMatchObject({ code: 'ERR_FRAME_TIMEOUT', message: /within 150000 ms/ });
  });

  it('has no timer while nothing of a frame came, and none after it is whole', async () => {
    pair({ frameTimeout: 80 });
    const frames = right.frames(codec);
    const first = nextOf(frames);
    await nextTurn();
    expect(clock.running).toEqual([]);
    await deliver(half(1), [file]);
    expect(clock.running).toEqual([10]);
    await deliver(REST);
    (await first).close();
    const second = nextOf(frames);
    clock.tick();
    expect(clock.running).toEqual([]);
    await deliver(Buffer.concat([half(0), REST]));
    await second;
    expect(clock.running).toEqual([]);
  });

  it('is the time of each frame, however many are slow', async () => {
    pair({ frameTimeout: 80 });
    const frames = right.frames(codec);
    for (let count = 0; count < 5; count++) {
      const next = nextOf(frames);
      await deliver(half(1), [file]);
      clock.tick(OVER - 1);
      await deliver(REST);
      (await next).close();
    }
    const last = nextOf(frames);
    await deliver(half(0));
    clock.tick(OVER);
    await expect(last).rejects.toMatchObject({ code: 'ERR_FRAME_TIMEOUT' });
  });

  it('stands still while the handler of the frame before goes on', async () => {
    pair({ frameTimeout: 80 });
    let handled: () => void = () => undefined;
    const handling = (frame: FdFrame): Promise<void> => {
      frame.close();
      return new Promise((resolve) => {
        handled = resolve;
      });
    };
    const ended = right.forEachFrame(handling, codec);
    await deliver(Buffer.concat([half(0), REST, half(0)]));
    clock.tick(10 * OVER);
    expect([right.destroyed, clock.running]).toEqual([false, []]);
    handled();
    await nextTurn();
    expect(clock.running).toEqual([10]);
    clock.tick(OVER - 1);
    expect(right.destroyed).toBe(false);
    clock.tick();
    await expect(ended).rejects.toMatchObject({ code: 'ERR_FRAME_TIMEOUT' });
  });

  it('stands still while nobody asks for the next frame, and when the loop was left', async () => {
    pair({ frameTimeout: 80 });
    await left.send(Buffer.concat([half(0), REST]));
    await left.send(half(2), [file, file]);
    for await (const frame of right.frames(codec)) {
      frame.close();
      // The loop is left, and half a frame is there.
      while (right.stats.fdsReceived < 2) await nextTurn();
      clock.tick(10 * OVER);
      break;
    }
    clock.tick(10 * OVER);
    expect([right.destroyed, clock.running]).toEqual([false, []]);
    await left.send(REST);
    const frame = await nextOf(right.frames(codec));
    expect(frame.fds).toHaveLength(2);
    frame.close();
  });

  it('does not begin where nobody reads at all', async () => {
    pair({ frameTimeout: 80 });
    await left.send(half(2), [file, file]);
    for (let count = 0; count < 10; count++) await nextTurn();
    expect([right.stats.bytesRead, clock.running]).toEqual([0, []]);
  });

  it('goes on where a reader gives up, and another waits for the same frame', async () => {
    pair({ frameTimeout: 80 });
    const giveUp = new AbortController();
    const first = nextOf(right.frames(codec, { signal: giveUp.signal }));
    await deliver(half(1), [file]);
    clock.tick(5);
    giveUp.abort();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    const second = nextOf(right.frames(codec));
    clock.tick(OVER - 5);
    await expect(second).rejects.toMatchObject({ code: 'ERR_FRAME_TIMEOUT' });
  });

  it('has no timer any more when the socket is destroyed', async () => {
    pair({ frameTimeout: 80 });
    const reading = nextOf(right.frames(codec));
    await deliver(half(1), [file]);
    right.destroy();
    expect(clock.running).toEqual([]);
    await expect(reading).rejects.toThrow('the iterator ended');
  });
});

describe('of a model', () => {
  it('is over when nothing else can happen', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const pair = modelSocketPair({ seed, faults: 0.2, socket: { frameTimeout: 100 } });
      [left, right] = pair;
      const sent = pair.world.open('sent');
      await left.send(half(1), [sent]);
      sent.close();
      await expect(right.frames(codec).next()).rejects.toMatchObject({ code: 'ERR_FRAME_TIMEOUT' });
      expect(pair.world.now).toBeGreaterThanOrEqual(100);
      await destroyed(left);
      expect(pair.world.openDescriptors()).toEqual([[], []]);
    }
  });

  it('is none there without the option', async () => {
    const pair = modelSocketPair({ seed: 1 });
    [left, right] = pair;
    const sent = pair.world.open('sent');
    await left.send(half(1), [sent]);
    sent.close();
    const reading = nextOf(right.frames(codec));
    await pair.world.idle();
    expect(right.destroyed).toBe(false);
    await left.send(REST);
    (await reading).close();
  });
});
