import { type FaultName, type Faults } from '../../packages/ancillary/testing';
import { converse, framesIn } from './conversation';
import { deliver, stretches } from './delivery';

const SEEDS = 60;

/** How many calls of one name took something, over many seeds. */
async function calls(what: 'sendmsg' | 'recvmsg', faults: Faults): Promise<number> {
  let count = 0;
  for (let seed = 0; seed < SEEDS; seed++) count += stretches(await deliver({ seed, faults }), what).length;
  return count;
}

test('a rate gives each call that chance of a fault', async () => {
  const counts: number[] = [];
  for (const rate of [0, 0.1, 0.5]) counts.push(await calls('sendmsg', { rate, what: ['short-write'] }));
  // 4 calls each without, or fewer where plain frames share one.
  expect(counts[0]).toBeLessThanOrEqual(4 * SEEDS);
  expect(counts[1]).toBeGreaterThan((counts[0] ?? 0) + 0.05 * SEEDS);
  expect(counts[2]).toBeGreaterThan((counts[1] ?? 0) + SEEDS);
});

test('only faults of the list happen', async () => {
  const short = await calls('sendmsg', { rate: 0.5, what: ['short-read', 'eof'] });
  expect(short).toBe(await calls('sendmsg', 0));
});

test.each(['linux', 'bsd', 'darwin'] as const)(
  'on %s, the everyday faults, which a bare rate means, lose nothing and fail nobody',
  async (kernel) => {
    const frames = framesIn(await converse({ seed: 0, kernel }));
    for (let seed = 0; seed < 40; seed++) {
      const run = await converse({ seed, kernel, faults: 0.4 });
      expect(framesIn(run)).toEqual(frames);
      expect(run.log.filter((line) => /failed|ERR_|discarded/.test(line))).toEqual([]);
    }
  },
);

test.each<FaultName>(['short-read', 'short-write', 'eagain', 'eintr', 'etoomanyrefs'])(
  'with %s at every call things go on, since the call behind one has none',
  async (what) => {
    const frames = framesIn(await converse({ seed: 0 }));
    for (let seed = 0; seed < 10; seed++) {
      expect(framesIn(await converse({ seed, faults: { rate: 1, what: [what] } }))).toEqual(frames);
    }
  },
);

test('others happen when they are named, and each of their ends is seen', async () => {
  const ends = new Set<string>();
  for (let seed = 0; seed < 3 * SEEDS; seed++) {
    for (const what of ['reset', 'eof', 'emfile'] as const) {
      const { end, pair } = await deliver({ seed, faults: { rate: 0.3, what: [what] } });
      ends.add(end);
      expect(pair.world.openDescriptors()).toEqual([[], []]);
    }
  }
  expect([...ends].sort()).toEqual(['ECONNRESET', 'ERR_FD_TRUNCATED', 'ERR_FRAME_INCOMPLETE', 'end']);
});
