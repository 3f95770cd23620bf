import { inChild } from './child';

// Bytes that wait lie in memory that others read into, too. A peer chooses how many come at a time, and how much of the rest
// another connection of its uses up: all of that memory is kept for them.

interface Waiting {
  /** How many bytes wait, and how much memory is kept for them. */
  readonly bytes: number;
  readonly memory: number;
}

const SOCKETS = 200;
const KIB = 1024;
/** What may be kept besides: for the process two slabs of the addon's, and for each socket a little. */
const CONSTANT = 2 * 192 * KIB + 4 * KIB * SOCKETS;
const MOST = 3;

const PRELUDE = `
  const sockets = [];
  let bytes = 0;
  const [busy, busyPeer] = ancillary.socketpair();
  busy.resume();
  /** Another connection reads so much, in segments that go to the same memory as those of the others. */
  const useUp = async (left) => {
    for (const filler = Buffer.alloc(15_000); left > 0; left -= filler.length) {
      const { bytesRead } = busy.stats;
      await busyPeer.send(filler);
      await until(() => busy.stats.bytesRead === bytesRead + filler.length);
    }
  };
  const came = async (socket, peer, piece) => {
    const { bytesRead } = socket.stats;
    await peer.send(piece);
    await until(() => socket.stats.bytesRead === bytesRead + piece.length);
  };
  const frame = (length) => lengthPrefixed().encode({ bytes: Buffer.alloc(length - 6) }).bytes;
  const never = () => new Promise(() => undefined);
  const large = Buffer.alloc(40_000);
  /** Has the next segments read into the memory for large ones. */
  const expectLarge = async (socket, peer) => {
    const frames = socket.frames(lengthPrefixed());
    await peer.send(frame(40_000));
    await frames.next();
    await frames.return();
  };
`;

/** @param each what each of the sockets does, with its `peer`, and then waits; it adds to `bytes` what does */
async function waiting(each: string, after = ''): Promise<Waiting> {
  const { result } = await inChild<Waiting>(
    `${PRELUDE}
    await useUp(30_000);
    const before = await collectedMemory();
    for (let count = 0; count < ${SOCKETS}; count++) {
      const [socket, peer] = ancillary.socketpair();
      sockets.push([socket, peer]);
      ${each}
    }
    ${after}
    const after = await collectedMemory();
    for (const pair of sockets) for (const socket of pair) socket.destroy();
    return { bytes, memory: after - before };`,
    { flags: ['--expose-gc'] },
  );
  return result;
}

it.each([
  [
    'a complete frame behind the one that a handler is busy with',
    `void socket.forEachFrame(never, lengthPrefixed());
    await came(socket, peer, frame(10));
    await came(socket, peer, frame(4_200));
    bytes += 4_200;
    await useUp(65_000);`,
  ],
  [
    'frames that came one after the other',
    `void socket.forEachFrame(never, lengthPrefixed());
    await came(socket, peer, frame(10));
    for (let pieces = 0; pieces < 3; pieces++) {
      await came(socket, peer, frame(6_000));
      bytes += 6_000;
      await useUp(60_000);
    }`,
  ],
  [
    'an incomplete frame',
    `socket.frames(lengthPrefixed()).next().catch(() => undefined);
    await came(socket, peer, frame(100_000).subarray(0, 4_200));
    bytes += 4_200;
    await useUp(65_000);`,
  ],
  [
    'a piece in the memory for large segments',
    `await expectLarge(socket, peer);
    socket.frames(lengthPrefixed()).next().catch(() => undefined);
    await came(socket, peer, frame(100_000).subarray(0, 13_500));
    bytes += 13_500;
    for (const [other, its] of [ancillary.socketpair()]) {
      await expectLarge(other, its);
      other.resume();
      await came(other, its, large);
      await came(other, its, large);
      await came(other, its, large);
      await came(other, its, large);
      other.destroy();
      its.destroy();
    }`,
  ],
  [
    `bytes of a paused 'data'`,
    `socket.on('data', () => undefined);
    socket.pause();
    await came(socket, peer, Buffer.alloc(4_200));
    bytes += 4_200;
    await useUp(65_000);`,
  ],
  [
    'bytes of a loop that is busy',
    `void (async () => { for await (const chunk of socket) await never(); })().catch(() => undefined);
    await came(socket, peer, Buffer.alloc(10));
    await turns(2);
    await came(socket, peer, Buffer.alloc(9_000));
    bytes += 9_000;
    await useUp(65_000);`,
  ],
  [
    'what descriptors are waited with',
    `void socket.forEachFrame(never);
    await came(socket, peer, Buffer.alloc(10));
    const { bytesRead } = socket.stats;
    for (let pieces = 0; pieces < 3; pieces++) await peer.send(Buffer.alloc(4_200), [socket]);
    await until(() => socket.stats.bytesRead === bytesRead + 3 * 4_200);
    bytes += 3 * 4_200;
    await useUp(65_000);`,
  ],
])('%s: the bytes that wait keep at most three times as much memory', async (_, each) => {
  const { bytes, memory } = await waiting(each);
  expect(bytes).toBeGreaterThan(800_000);
  expect(memory).toBeLessThan(MOST * bytes + CONSTANT);
});

it('what is left behind a frame that was taken late keeps at most three times as much memory', async () => {
  const { bytes, memory } = await waiting(
    `socket.iterator = socket.frames(lengthPrefixed());
    await peer.send(frame(10));
    await socket.iterator.next();
    await came(socket, peer, Buffer.concat([frame(30_000), frame(5_000)]));
    bytes += 5_000;
    await useUp(65_000);`,
    'for (const [socket] of sockets) await socket.iterator.next();',
  );
  expect(bytes).toBe(5_000 * SOCKETS);
  expect(memory).toBeLessThan(MOST * bytes + CONSTANT);
});

it('a large frame that comes byte by byte takes no object for each', async () => {
  const { result } = await inChild<number>(
    `
    const [socket, peer] = ancillary.socketpair();
    const next = socket.frames(lengthPrefixed()).next();
    const header = lengthPrefixed().encode({ bytes: Buffer.alloc(200_000) }).bytes.subarray(0, 100_000);
    await peer.send(header);
    await until(() => socket.stats.bytesRead === header.length);
    const heap = () => { gc(); return process.memoryUsage().heapUsed; };
    const before = heap();
    for (let count = 1; count <= 20_000; count++) {
      await peer.send('x');
      while (socket.stats.bytesRead < header.length + count) await turns(1);
    }
    const used = heap() - before;
    peer.destroy();
    await next.catch(() => undefined);
    return used;`,
    { flags: ['--expose-gc'] },
  );
  expect(result).toBeLessThan(20_000 * 50);
});
