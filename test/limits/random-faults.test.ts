import { modelSocketPair, OwnedFd } from '../../packages/ancillary/testing';
import { lengthPrefixed } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { propertyRuns } from '../support/properties';
import { Random } from '../soak/random';

const MOST_FDS = 6;
const LIMITS = {
  maxFdsPerFrame: MOST_FDS,
  maxQueuedFds: 4,
  highWaterMark: 200,
  frameTimeout: 60_000,
  sendTimeout: 60_000,
};
/** What a bundle may bring beyond the limit. */
const ONE_BUNDLE = 253;
const CODES = [
  'ERR_FRAME_INCOMPLETE',
  'ERR_FD_TRUNCATED',
  'ERR_FD_CLOSED',
  'ECONNRESET',
  'EPIPE',
  'ERR_FRAME_TIMEOUT',
  'ERR_SEND_TIMEOUT',
];

type Pair = ReturnType<typeof modelSocketPair>;

async function send({ 0: socket, world }: Pair, random: Random, frames: number): Promise<void> {
  const connection = framed(socket, lengthPrefixed());
  for (let sent = 0; sent < frames; sent++) {
    const names = Array.from({ length: random.below(MOST_FDS + 1) }, (_, index) => `${sent}.${index}`);
    const fds = names.map((name) => world.open(name));
    try {
      await connection.send({ bytes: Buffer.from(names.join().padEnd(random.skewed(2_000))), fds });
    } finally {
      OwnedFd.closeAll(fds);
    }
  }
  await connection.close();
}

async function receive({ 1: socket, world }: Pair): Promise<number> {
  let frames = 0;
  for await (const { bytes, fds } of framed(socket, lengthPrefixed())) {
    try {
      frames++;
      expect(fds.map((fd) => world.identity(fd)).join()).toBe(bytes.toString().trim());
      const { fdsReceived } = socket.stats;
      expect(fdsReceived - received(socket, fds.length)).toBeLessThanOrEqual(LIMITS.maxQueuedFds + ONE_BUNDLE);
    } finally {
      OwnedFd.closeAll(fds);
    }
  }
  return frames;
}

const taken = new WeakMap<object, number>();

/** How many descriptors were handed out so far. */
function received(socket: object, more: number): number {
  const count = (taken.get(socket) ?? 0) + more;
  taken.set(socket, count);
  return count;
}

function codeOf(reason: unknown): unknown {
  return reason instanceof Error && 'code' in reason ? reason.code : reason;
}

async function run(pair: Pair, frames: number): Promise<PromiseSettledResult<unknown>[]> {
  const ends = Promise.allSettled([send(pair, new Random(pair.world.seed), frames), receive(pair)]);
  for (const socket of [pair[0], pair[1]]) socket.on('error', () => undefined);
  const stuck = pair.world.idle().then(() => {
    throw new Error(`with seed ${pair.world.seed} nothing more can happen, and a promise is pending`);
  });
  const results = await Promise.race([ends, stuck]);
  for (const socket of [pair[0], pair[1]]) socket.destroy();
  await pair.world.idle();
  expect(pair.world.openDescriptors()).toEqual([[], []]);
  return results;
}

test('with low limits every frame comes, whatever faults a correct program does not notice', async () => {
  for (let seed = 0; seed < propertyRuns.numRuns; seed++) {
    const results = await run(modelSocketPair({ seed, faults: 0.2, socket: LIMITS }), 20);
    expect({ seed, results }).toEqual({
      seed,
      results: [
        { status: 'fulfilled', value: undefined },
        { status: 'fulfilled', value: 20 },
      ],
    });
  }
});

test('and under those that it does, both ends are told by typed errors, and nothing stays open', async () => {
  const faults = { rate: 0.03, what: ['reset', 'eof', 'emfile', 'short-read', 'eagain', 'etoomanyrefs'] } as const;
  const seen = new Set<unknown>();
  for (let seed = 0; seed < propertyRuns.numRuns; seed++) {
    for (const result of await run(
      modelSocketPair({ seed, faults: { ...faults, what: [...faults.what] }, socket: LIMITS }),
      20,
    )) {
      if (result.status === 'rejected') seen.add(codeOf(result.reason));
    }
  }
  expect([...seen].filter((code) => !CODES.includes(String(code)))).toEqual([]);
  expect(seen.size).toBeGreaterThan(1);
});
