import { drawTimeline } from '../../packages/ancillary/testing';
import { converse, framesIn, type Run } from './conversation';

const kernels = ['linux', 'bsd', 'darwin'] as const;

function everything({ pair, log }: Run): unknown {
  const { timeline, now, faultsLeft, seed } = pair.world;
  return { log, timeline, now, faultsLeft, seed, open: pair.world.openDescriptors(), drawn: drawTimeline(timeline) };
}

describe.each(kernels)('on %s', (kernel) => {
  test.each([
    ['without faults', []],
    ['with faults at random', 0.3],
    ['with faults of every kind at random', { rate: 0.05, what: ['emfile', 'reset', 'eof', 'eagain'] }],
    [
      'with a list of faults',
      [
        { what: 'short-write', at: 300 },
        { what: 'emfile', at: { message: 3 } },
      ],
    ],
  ] as const)('the same seed gives the same run, to the last call and event, %s', async (_name, faults) => {
    for (let seed = 0; seed < 20; seed++) {
      const options = { seed, kernel, faults };
      expect(everything(await converse(options))).toEqual(everything(await converse(options)));
    }
  });

  test('different seeds cut and order the same conversation differently, and its frames are the same', async () => {
    const runs = await Promise.all(Array.from({ length: 30 }, (_, seed) => converse({ seed, kernel, faults: 0.2 })));
    const timelines = new Set(runs.map(({ pair }) => JSON.stringify(pair.world.timeline)));
    expect(timelines.size).toBe(30);
    expect(new Set(runs.map((run) => run.log.join('\n'))).size).toBeGreaterThan(20);
    const frames = runs.map((run) => framesIn(run).join('\n'));
    expect(new Set(frames).size).toBe(1);
    expect(frames[0]?.split('\n')).toHaveLength(16);
  });
});

test('a run is not changed by others that go on beside it', async () => {
  const alone = everything(await converse({ seed: 5, faults: 0.3 }));
  const [together] = await Promise.all([5, 6, 7].map((seed) => converse({ seed, faults: 0.3 })));
  expect(together && everything(together)).toEqual(alone);
});

test('without a seed, each pair has a new one, which replays it', async () => {
  const first = await converse({ faults: 0.3 });
  const second = await converse({ faults: 0.3 });
  const { seed } = first.pair.world;
  expect(seed).not.toBe(second.pair.world.seed);
  expect(everything(await converse({ seed, faults: 0.3 }))).toEqual(everything(first));
});

test('seeds that are negative, or larger than 32 bits as the time of day is, are seeds of their own', async () => {
  const seeds = [1, -1, 1 + 2 ** 32, 1 + 2 ** 33, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  const runs = await Promise.all(seeds.map((seed) => converse({ seed })));
  expect(new Set(runs.map(({ pair }) => JSON.stringify(pair.world.timeline))).size).toBe(seeds.length);
});
