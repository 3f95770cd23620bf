import { plainJavaScript } from '../support/plain-javascript';
import { inChild } from './child';

interface Trickle {
  /** What comes before the bytes; it has `socket` and its `peer`. */
  readonly before: string;
  /** Has one byte, or one frame, come: the `count`th. */
  readonly each: string;
  readonly times: number;
  /** Bytes that another socket reads after each, so that the next is not read into the same memory. */
  readonly between: number;
  /** What the socket or the program holds at the end. */
  readonly held: string;
}

/** What is held in the end, and the bytes of memory that were taken for it. */
async function trickle({ before, each, times, between, held }: Trickle): Promise<{ held: number; memory: number }> {
  const { result } = await inChild<{ held: number; memory: number }>(
    `
    const [socket, peer] = ancillary.socketpair();
    const [busy, busyPeer] = ancillary.socketpair();
    busy.resume();
    const filler = Buffer.alloc(${between});
    ${before}
    const before = await collectedMemory();
    for (let count = 1; count <= ${times}; count++) {
      ${each}
      const sent = busyPeer.send(filler);
      await until(() => busy.stats.bytesRead === count * filler.length);
      await sent;
    }
    return { held: ${held}, memory: (await collectedMemory()) - before };`,
    { flags: ['--expose-gc'] },
  );
  return result;
}

it('a peer that sends an unfinished frame byte by byte makes its bytes cost no more than a few times their size', async () => {
  const { held, memory } = await trickle({
    before: `
    const header = Buffer.alloc(6);
    header.writeUInt32BE(1_000_000, 0);
    await peer.send(header);
    socket.frames(lengthPrefixed()).next();
    await until(() => socket.stats.bytesRead === 6);`,
    each: `await peer.send('x'); await until(() => socket.stats.bytesRead === 6 + count);`,
    times: 4000,
    between: 52 * 1024,
    held: 'socket.stats.bytesRead',
  });
  expect(held).toBe(4006);
  expect(memory).toBeLessThan(4 * 1024 * 1024);
});

it('a peer that sends byte by byte to a paused socket makes them cost no slab for each', async () => {
  const { held, memory } = await trickle({
    before: `socket.on('data', () => undefined); socket.pause();`,
    each: `await peer.send('x'); await until(() => socket.stats.bytesRead === count);`,
    times: 300,
    between: 200_000,
    held: 'socket.readableLength',
  });
  expect(held).toBe(300);
  expect(memory).toBeLessThan(2 * 1024 * 1024);
});

it('small frames that are kept cost small slabs, however much another socket reads', async () => {
  const { held, memory } = await trickle({
    before: `const kept = []; const frames = socket.frames();`,
    each: `await peer.send('seven b'); kept.push((await frames.next()).value);`,
    times: 300,
    between: 200_000,
    held: 'kept.length',
  });
  expect(held).toBe(300);
  expect(memory).toBeLessThan(300 * 64 * 1024);
});

const JOINED = 6_000_000;

it.each([
  ['few of its bytes are left', 50],
  ['nothing is left of them', 150],
])('the memory in which chunks were joined is let go of when %s', async (_when, last) => {
  const { result } = await inChild<number>(
    `
    const { ByteQueue } = require(${JSON.stringify(`${plainJavaScript()}/../stream/receive/byte-queue`)});
    const queue = new ByteQueue();
    const push = (length) => { queue.push(Buffer.alloc(length), true); queue.compact(1); };
    const before = await collectedMemory();
    push(${JOINED / 2});
    push(${JOINED / 2});
    queue.peek(${JOINED});
    queue.take(${JOINED - 100});
    push(50); // Those that are left have to stay now, so they are moved.
    queue.take(${last});
    const memory = (await collectedMemory()) - before;
    return queue.length === 150 - ${last} ? memory : NaN;`,
    { flags: ['--expose-gc'] },
  );
  expect(result).toBeLessThan(JOINED / 10);
});
