import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FdSocket, type OwnedFd, raw } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { withBarePeer } from '../support/bare-peer';
import { openDescriptors } from '../support/descriptors';
import { codeOf, nextOf } from '../socket/sockets';
import { until } from './until';

// A peer declares a frame, never finishes it, and sends descriptors with every byte of it.

const BUNDLE = 253;
const LIMITS = { maxFdsPerFrame: 4, maxQueuedFds: 16 };
const PAYLOAD = 10_000;
const codec = lengthPrefixed();

/** The front of a frame that declares one descriptor and a payload, of which nothing follows yet. */
function header(): Buffer {
  return Buffer.from(codec.encode({ bytes: Buffer.alloc(PAYLOAD), fds: [0] }).bytes.subarray(0, 6));
}

/** Sends bundles, each with one byte, until the receiver takes no more. Returns how many left, and the most it held. */
async function flood(peer: OwnedFd): Promise<{ bundles: number; most: number }> {
  const before = openDescriptors().size;
  const bundle = Array.from({ length: BUNDLE }, () => peer.fd);
  let most = 0;
  let bundles = 0;
  // Past the bound there is no need to go on, up to a process that can open nothing any more.
  for (let refusals = 0; refusals < 50 && bundles < 60 && most <= 4 * BUNDLE;) {
    try {
      raw.sendMessage(peer, Buffer.from('x'), bundle);
      bundles++;
      refusals = 0;
    } catch (error) {
      // EAGAIN for a full buffer, ETOOMANYREFS for an unprivileged sender, EPIPE once the receiver had enough.
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') break;
      refusals++;
    }
    await nextTurn();
    await nextTurn();
    most = Math.max(most, openDescriptors().size - before);
  }
  return { bundles, most };
}

/** A socket whose user took one frame and is busy with it, while the next one has begun. */
async function busy(socket: FdSocket, peer: OwnedFd): Promise<AsyncIterator<unknown>> {
  raw.sendMessage(peer, codec.encode({ bytes: Buffer.from('first') }).bytes);
  const frames = socket.frames(codec);
  await nextOf(frames);
  raw.sendMessage(peer, header());
  return frames;
}

it(`between two next() no more descriptors are held than the limit and one bundle; the next one is told`, async () => {
  using pair = withBarePeer(LIMITS);
  const frames = await busy(pair.socket, pair.peer);
  const { bundles, most } = await flood(pair.peer);
  expect(bundles).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(LIMITS.maxQueuedFds + BUNDLE);
  expect(await codeOf(() => frames.next())).toBe('ERR_FD_SURPLUS');
  expect(pair.socket.destroyed).toBe(true);
});

it(`with onSurplus 'close' the same bound holds, and the frame can still be finished`, async () => {
  using pair = withBarePeer({ ...LIMITS, onSurplus: 'close' });
  const frames = await busy(pair.socket, pair.peer);
  const { bundles, most } = await flood(pair.peer);
  expect(bundles).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(LIMITS.maxQueuedFds + BUNDLE);
  const next = nextOf(frames);
  const rest = Buffer.alloc(PAYLOAD - bundles, 'y');
  await until(() => {
    try {
      return raw.sendMessage(pair.peer, rest) === rest.length;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
      throw error;
    }
  });
  const frame = (await next) as Awaited<ReturnType<FdSocket['receive']>>;
  expect(frame.bytes.length).toBe(6 + PAYLOAD);
  expect(frame.fds).toHaveLength(1);
  frame.close();
  expect(pair.socket.stats.fdsReceived).toBe(bundles * BUNDLE);
  expect(pair.socket.stats.fdsClosed).toBe(bundles * BUNDLE - 1);
});

it.each(['error', 'close'] as const)('while next() waits the same bound holds with onSurplus %p', async (onSurplus) => {
  using pair = withBarePeer({ ...LIMITS, onSurplus });
  const frames = await busy(pair.socket, pair.peer);
  const next = frames.next().catch((error: unknown) => (error as NodeJS.ErrnoException).code);
  const { most } = await flood(pair.peer);
  expect(most).toBeLessThanOrEqual(LIMITS.maxQueuedFds + BUNDLE);
  pair.socket.destroy();
  expect(await next).toEqual(onSurplus === 'error' ? 'ERR_FD_SURPLUS' : { done: true, value: undefined });
});
