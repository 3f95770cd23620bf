import { lengthPrefixed } from '../../packages/codec';
import type { Discarded, FdFrame, FdSocket, FdSocketOptions } from '../../packages/stream';
import { nextOf } from '../socket/sockets';
import { quiet, until } from './ends';
import { type Kernel, onEach } from './kernel';
import { kernelsWithFaults, linux } from './kernels';
import { SentFiles } from './sent-files';
import { openSockets, type Sockets, take } from './sockets';

// What an FdSocket does about peers that break the rules, about truncation, and at its limits.

const counted = lengthPrefixed({ lengthBytes: 1, countBytes: 1, maxLength: 9 });
const attached = lengthPrefixed({ lengthBytes: 1, countBytes: 0, maxLength: 9 });

interface Watched extends Sockets {
  readonly discarded: Discarded[];
  /** Sends bytes with so many descriptors, as a peer may that keeps to no codec. */
  put(bytes: string, count?: number): Promise<void>;
}

function watched(kernel: Kernel, files: SentFiles, options?: FdSocketOptions): Watched {
  const sockets = openSockets(kernel, options);
  const discarded: Discarded[] = [];
  sockets.receiver.on('discarded', (each) => discarded.push(each));
  const put = (bytes: string, count = 0): Promise<void> =>
    sockets.sender.send(Buffer.from(bytes, 'latin1'), files.numbers.slice(0, count));
  return { ...sockets, discarded, put };
}

/** Everything that came was closed, and reported. */
function expectAllClosed({ receiver, discarded }: Watched): void {
  const { fdsReceived, fdsClosed } = receiver.stats;
  expect([receiver.destroyed, fdsClosed]).toEqual([true, fdsReceived]);
  expect(discarded.reduce((sum, { count }) => sum + count, 0)).toBe(fdsClosed);
}

type Read = (socket: FdSocket) => Promise<unknown>;
const readCounted: Read = (socket) => socket.frames(counted).next();
const readAttached: Read = (socket) => socket.frames(attached).next();

const refusals: [what: string, read: Read, parts: [bytes: string, count: number][], code: string][] = [
  ['a frame longer than the maximum', readCounted, [['\x0a\x01', 1]], 'ERR_FRAME_TOO_LARGE'],
  ['fewer descriptors than declared', readCounted, [['\x01\x02x', 1]], 'ERR_FD_MISSING'],
  [
    'none, which come with the next frame',
    readCounted,
    [
      ['\x01\x01x', 0],
      ['\x01\x00y', 1],
    ],
    'ERR_FD_MISSING',
  ],
  ['more than declared', readCounted, [['\x01\x01x', 2]], 'ERR_FD_SURPLUS'],
  [
    'more than one frame may have',
    readAttached,
    [
      ['\x02a', 4],
      ['b', 4],
    ],
    'ERR_FD_SURPLUS',
  ],
  ['more than it may declare', readCounted, [['\x01\x08x', 1]], 'ERR_FD_SURPLUS'],
];

onEach(kernelsWithFaults, (test) => {
  for (const [what, read, parts, code] of refusals) {
    test(`${what}: ${code}, the socket is destroyed, and what came is closed and reported`, async (kernel) => {
      using files = new SentFiles(kernel, 8);
      using sockets = watched(kernel, files, { maxFdsPerFrame: 7 });
      for (const [bytes, count] of parts) await sockets.put(bytes, count);
      await expect(read(sockets.receiver)).rejects.toMatchObject({ code });
      await quiet();
      expectAllClosed(sockets);
    });
  }

  for (const [what, read] of [
    ['frames(codec)', readAttached],
    ['receive(n)', (socket: FdSocket) => socket.receive(5)],
  ] as const) {
    test(`the end of the stream inside a frame of ${what} is ERR_FRAME_INCOMPLETE, with what came closed`, async (kernel) => {
      using files = new SentFiles(kernel, 2);
      using sockets = watched(kernel, files);
      await sockets.put('\x04ab', 2);
      sockets.sender.end();
      await expect(read(sockets.receiver)).rejects.toMatchObject({ code: 'ERR_FRAME_INCOMPLETE' });
      await quiet();
      expectAllClosed(sockets);
      expect(sockets.discarded).toEqual([{ count: 2, range: { start: 0, end: 3 }, reason: 'incomplete' }]);
    });
  }

  test(`onSurplus: 'close' keeps the first descriptors, and the frames behind get theirs`, async (kernel) => {
    using files = new SentFiles(kernel, 3);
    using sockets = watched(kernel, files, { onSurplus: 'close' });
    await sockets.put('\x01\x01x', 3);
    await sockets.put('\x01\x02y', 2);
    const frames = sockets.receiver.frames(counted);
    expect(take(kernel, await nextOf(frames))).toEqual(['\x01\x01x', files.identities.slice(0, 1)]);
    expect(take(kernel, await nextOf(frames))).toEqual(['\x01\x02y', files.identities.slice(0, 2)]);
    expect(sockets.discarded).toEqual([{ count: 2, range: { start: 0, end: 3 }, reason: 'surplus' }]);
  });

  test('descriptors that the kernel drops: the frames before come, then ERR_FD_TRUNCATED', async (kernel) => {
    using files = new SentFiles(kernel, 6);
    using sockets = watched(kernel, files, { maxQueuedFds: 1 });
    await sockets.put('\x01\x01x', 1);
    await sockets.put('\x01\x06y', 6);
    await sockets.put('\x01\x00z');
    const frames = sockets.receiver.frames(counted);
    await kernel.withFreeNumbers(4, 1, async () => {
      expect(take(kernel, await nextOf(frames))).toEqual(['\x01\x01x', files.identities.slice(0, 1)]);
      await expect(frames.next()).rejects.toMatchObject({ name: 'AncillaryError', code: 'ERR_FD_TRUNCATED' });
    });
    await quiet();
    const { fdsReceived, fdsClosed } = sockets.receiver.stats;
    expect([sockets.receiver.destroyed, fdsReceived - fdsClosed]).toEqual([true, 1]);
  });

  test(`onTruncated: 'mark' marks the frame that lost descriptors, and no other frame pays for it`, async (kernel) => {
    using files = new SentFiles(kernel, 6);
    using sockets = watched(kernel, files, { maxQueuedFds: 1, onTruncated: 'mark' });
    await sockets.put('\x01\x01x', 1);
    await sockets.put('\x01\x06y', 6);
    await sockets.put('\x01\x02z', 2);
    const frames = sockets.receiver.frames(counted);
    const seen: FdFrame[] = [];
    const came: string[][] = [];
    await kernel.withFreeNumbers(4, 1, async () => {
      for (let turn = 0; turn < 3; turn++) {
        const frame = await nextOf(frames);
        seen.push(frame);
        came.push(take(kernel, frame)[1]);
      }
    });
    expect(seen.map(({ truncated }) => truncated)).toEqual([false, true, false]);
    const [, cut = []] = came;
    expect(cut.length).toBeLessThanOrEqual(4);
    const { identities } = files;
    expect(came).toEqual([identities.slice(0, 1), identities.slice(0, cut.length), identities.slice(0, 2)]);
  });

  test('reading pauses at maxQueuedFds: one bundle more at most is held of frames that nobody takes', async (kernel) => {
    using files = new SentFiles(kernel, 3);
    using sockets = watched(kernel, files, { maxQueuedFds: 4 });
    for (let count = 0; count < 10; count++) await sockets.put('\x01\x03x', 3);
    const frames = sockets.receiver.frames(counted);
    const first = await nextOf(frames);
    await quiet();
    expect(sockets.receiver.stats.fdsReceived - first.fds.length).toBeLessThanOrEqual(6);
    expect(take(kernel, first)[1]).toEqual(files.identities);
    for (let count = 1; count < 10; count++) expect(take(kernel, await nextOf(frames))[1]).toEqual(files.identities);
  });

  test('a frame larger than all limits can be finished', async (kernel) => {
    using files = new SentFiles(kernel, 6);
    using sockets = openSockets(kernel, { maxQueuedFds: 1, highWaterMark: 10 });
    const codec = lengthPrefixed({ countBytes: 0 });
    const payload = Buffer.alloc(20_000, 'x');
    const { bytes } = codec.encode({ bytes: payload });
    const sends = [0, 7_000, 14_000].map((start, index) =>
      sockets.sender.send(bytes.subarray(start, start + 7_000), files.numbers.slice(2 * index, 2 * index + 2)),
    );
    sends.push(sockets.sender.send(bytes.subarray(21_000)));
    const [text, came] = take(kernel, await nextOf(sockets.receiver.frames(codec)));
    await Promise.all(sends);
    expect([text.slice(4) === payload.toString(), came]).toEqual([true, files.identities]);
  });

  test('a peer that only trickles is read as it comes, and frames are told when they are whole', async (kernel) => {
    using files = new SentFiles(kernel, 2);
    using sockets = watched(kernel, files);
    let done = false;
    const next = nextOf(sockets.receiver.frames(counted)).finally(() => (done = true));
    const bytes = '\x03\x02abc';
    for (let index = 0; index < bytes.length; index++) {
      expect(done).toBe(false);
      await sockets.put(bytes.charAt(index), index === 1 ? 2 : 0);
      await until(() => sockets.receiver.stats.bytesRead > index);
    }
    expect(take(kernel, await next)).toEqual([bytes, files.identities]);
  });
});

onEach(linux, (test) => {
  test('a peer that closed with bytes unread: what it had sent comes, then ECONNRESET', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = watched(kernel, files);
    await sockets.receiver.send('never read');
    await sockets.put('\x01\x01x', 1);
    sockets.sender.destroy();
    const frames = sockets.receiver.frames(counted);
    expect(take(kernel, await nextOf(frames))).toEqual(['\x01\x01x', files.identities]);
    await expect(frames.next()).rejects.toMatchObject({ code: 'ECONNRESET', syscall: 'recvmsg' });
    expect(sockets.receiver.destroyed).toBe(true);
  });
});
