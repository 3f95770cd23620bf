import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FdFrame, type FdSocket, fds, type FrameCodec, socketpair } from '../../packages/ancillary';
import { destroyed } from '../socket/sockets';

/** Frames of two bytes; of one, with as many descriptors as it says. */
const codec: FrameCodec<unknown, never> = {
  reads: 'greedy',
  measure: (bytes) => {
    const [first = 0] = bytes;
    if (bytes.length === 0) return { need: 1 };
    if (first > 0) return { length: 1, fds: first };
    return bytes.length < 2 ? { need: 2 } : { length: 2, fds: 0 };
  },
  decode: () => undefined,
};

const SMALL = Buffer.alloc(64 * 1024);
/** What is handed out in a turn, and what is finished that was begun. */
const MOST_IN_TURN = 8192 + 254;

type Reader = (socket: FdSocket, take: (frame: FdFrame) => void) => Promise<void>;

const READERS: [string, Reader][] = [
  [
    'for await of frames()',
    async (socket, take) => {
      for await (const frame of socket.frames(codec)) take(frame);
    },
  ],
  ['forEachFrame()', (socket, take) => socket.forEachFrame(take, codec)],
];

describe.each(READERS)('%s', (_, read) => {
  let pairs: (readonly [FdSocket, FdSocket])[];
  let handedOut: number;
  let turning: boolean;
  let most: number;

  beforeEach(() => {
    pairs = [];
    handedOut = 0;
    most = 0;
    turning = true;
    void watchTurns();
  });

  afterEach(async () => {
    turning = false;
    for (const pair of pairs) await destroyed(...pair);
  });

  /** Notes how many frames and descriptors are handed out between two turns of the loop. */
  async function watchTurns(): Promise<void> {
    let before = 0;
    while (turning) {
      most = Math.max(most, handedOut - before);
      before = handedOut;
      await nextTurn();
    }
  }

  /** Starts reading one end of a new pair. */
  function reading(): { other: FdSocket; ended: Promise<void>; count: () => number } {
    const [left, right] = socketpair();
    pairs.push([left, right]);
    let frames = 0;
    const ended = read(right, (frame) => {
      frames++;
      handedOut += 1 + frame.fds.length;
      frame.close();
    });
    return { other: left, ended, count: () => frames };
  }

  it('lets the event loop turn while it takes many small frames that have come, and takes all of them', async () => {
    const { other, ended, count } = reading();
    for (let index = 0; index < 4; index++) other.write(SMALL);
    other.end();
    await ended;
    expect(count()).toBe((4 * SMALL.length) / 2);
    expect(most).toBeLessThanOrEqual(MOST_IN_TURN);
  });

  it('counts descriptors, too', async () => {
    const { other, ended, count } = reading();
    const file = fds.memfd('file');
    const bundle = Array<typeof file>(253).fill(file);
    for (let index = 0; index < 100; index++) await other.send(Buffer.from([253]), bundle);
    file.close();
    other.end();
    await ended;
    expect(count()).toBe(100);
    expect(most).toBeLessThanOrEqual(MOST_IN_TURN);
  });

  it('hands out what comes on a quiet socket while twenty others are full of small frames', async () => {
    const floods = Array.from({ length: 20 }, reading);
    const quiet = reading();
    for (const { other } of floods) other.write(SMALL);
    // All of them have begun, and none has come to its end.
    while (floods.some(({ count }) => count() === 0)) await nextTurn();
    quiet.other.write(Buffer.alloc(2));
    let turns = 0;
    while (quiet.count() === 0) {
      await nextTurn();
      turns++;
    }
    const left = floods.filter(({ count }) => count() < SMALL.length / 2);
    expect(left.length).toBeGreaterThan(0);
    expect(turns).toBeLessThanOrEqual(3);
    for (const { other } of [...floods, quiet]) other.end();
    await Promise.all([...floods, quiet].map(({ ended }) => ended));
    expect(most).toBeLessThanOrEqual(MOST_IN_TURN + 21 * 16);
  });
});
