import { once } from 'node:events';
import { type Discarded, type FdSocketOptions, handoff } from '../../packages/ancillary';
import { withDescriptorLimit } from '../support/descriptor-limit';
import { attachedBounded, attachedGreedy, counted, early, framed } from './codecs';
import { openPair, type Pair, take, takeNext, whole } from './pair';

// onTruncated: 'error', the default: a frame that lost descriptors ends the socket, and what came of it is closed.

/** A pair and everything its socket discarded. */
function watchedPair(options?: FdSocketOptions): Pair & { discarded: Discarded[] } {
  const pair = openPair({ maxQueuedFds: 1, ...options });
  const discarded: Discarded[] = [];
  pair.socket.on('discarded', (each) => discarded.push(each));
  return { ...pair, discarded };
}

const TRUNCATED = { name: 'AncillaryError', code: 'ERR_FD_TRUNCATED' };

const codecs = {
  counted: { ...counted, reads: 'greedy' as const },
  early: { ...early, reads: 'greedy' as const },
  attachedBounded,
  attachedGreedy,
  'no codec': undefined,
};

describe.each(Object.entries(codecs))('frames() with %s', (_, codec) => {
  test('gives the frames before, then rejects and destroys, with what the kernel delivered closed', async () => {
    await using pair = watchedPair();
    const before = framed('before', 2);
    const lost = framed('lost', 4);
    const files = pair.send(before, 2);
    pair.send(lost, 4);
    pair.send(framed('after', 1), 1);
    const frames = pair.socket.frames(codec);
    await withDescriptorLimit(3, async () => {
      expect(await takeNext(frames, 1)).toEqual([whole(before, files)]);
      await expect(frames.next()).rejects.toMatchObject(TRUNCATED);
    });
    expect(await frames.next()).toEqual({ done: true, value: undefined });
    expect(pair.socket.destroyed).toBe(true);
    const range = { start: before.length, end: before.length + lost.length };
    expect(pair.discarded[0]).toEqual({ count: 3, range, reason: 'truncated' });
    const { fdsReceived, fdsClosed } = pair.socket.stats;
    expect(fdsReceived - fdsClosed).toBe(2); // those of the first frame
  });
});

test('receive() rejects and destroys, and so does whatever is called next', async () => {
  await using pair = watchedPair();
  pair.send('abc', 4);
  await withDescriptorLimit(3, () => expect(pair.socket.receive(3)).rejects.toMatchObject(TRUNCATED));
  expect(pair.socket.destroyed).toBe(true);
  expect(pair.discarded).toEqual([{ count: 3, range: { start: 0, end: 3 }, reason: 'truncated' }]);
  await expect(pair.socket.receive(1)).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_FD_/) as string });
});

test(`bytes: the socket is destroyed with the error, and neither 'fds' nor 'data' tells of what was cut`, async () => {
  await using pair = watchedPair();
  pair.send('whole', 1);
  pair.send('lost', 4);
  const told: string[] = [];
  pair.socket.on('fds', (frame) => told.push(`fds ${take(frame).text}`));
  pair.socket.on('data', (bytes: Buffer) => told.push(`data ${bytes.toString()}`));
  const [error] = (await withDescriptorLimit(3, () => once(pair.socket, 'error'))) as unknown[];
  expect(error).toMatchObject(TRUNCATED);
  expect(told).toEqual(['fds whole', 'data whole']);
  expect(pair.discarded).toEqual([{ count: 3, range: { start: 5, end: 9 }, reason: 'truncated' }]);
});

describe.each(['error', 'mark'] as const)(`handoff.receiveFd() of a socket with onTruncated: '%s'`, (onTruncated) => {
  test.each([
    { what: 'the only descriptor', sent: 1, slots: 0 },
    { what: 'one of two', sent: 2, slots: 1 },
  ])('rejects when the kernel dropped $what, closes the socket and acknowledges nothing', async ({ sent, slots }) => {
    await using pair = watchedPair({ onTruncated });
    pair.send('D', sent);
    await withDescriptorLimit(slots, () =>
      expect(handoff.receiveFd(pair.socket, { acknowledge: true })).rejects.toMatchObject(TRUNCATED),
    );
    expect(pair.socket.destroyed).toBe(true);
    expect(pair.socket.stats).toMatchObject({ fdsReceived: slots, bytesWritten: 0 });
  });
});
