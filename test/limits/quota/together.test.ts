import { FdQuota, OwnedFd } from '../../../packages/ancillary';
import { modelSocketPair } from '../../../packages/ancillary/testing';
import { lengthPrefixed } from '../../../packages/codec';
import { lifetime } from '../../../packages/stream/socket/byte-duplex';

// Connections of one user that are set going together stay together within what their user may hold.

const codec = lengthPrefixed();
const CONNECTIONS = 8;

type Pair = ReturnType<typeof modelSocketPair>;

function admit(quota: FdQuota): NonNullable<ReturnType<FdQuota['admit']>> {
  const admitted = quota.admit(1);
  if (admitted === undefined) throw new Error('it may connect');
  return admitted;
}

test.each([
  [3, 'linux'],
  [2, 'linux'],
  [3, 'bsd'],
] as const)(
  'of %i descriptors each, on %s, each gets its frame when there is room, and none fails',
  async (count, kernel) => {
    const quota = new FdQuota({ fds: 200 });
    const holder = admit(quota);
    const pairs: Pair[] = Array.from({ length: CONNECTIONS }, (_, seed) => modelSocketPair({ seed, kernel }));
    const allIdle = async (): Promise<void> => {
      await Promise.all(pairs.map(({ world }) => world.idle()));
    };
    const came: OwnedFd[][] = [];
    const failures: unknown[] = [];
    for (const [, socket] of pairs) socket[lifetime].countBy(admit(quota));
    // Until another one may not be read.
    const probe = admit(quota);
    let calls = 0;
    for (; calls < 200 && probe.mayRead(1) > 0; calls++) holder.started();
    for (const [, socket] of pairs)
      socket.forEachFrame(({ fds }) => void came.push(fds), codec).catch((error: unknown) => failures.push(error));
    expect(quota.usage.users[0]?.paused).toBe(CONNECTIONS + 1);
    for (const { 0: sender, world } of pairs) {
      const fds = Array.from({ length: count }, (_, index) => world.open(String(index)));
      await sender.send(codec.encode({ bytes: Buffer.from('x'), fds }).bytes, fds);
      OwnedFd.closeAll(fds);
    }
    await allIdle();
    expect(came).toEqual([]);

    // Room for one, or two: all that wait are set going.
    for (const end = calls - 2; calls > end; calls--) holder.answered();
    for (let round = 0; round < 4 * CONNECTIONS && came.length < CONNECTIONS; round++) {
      await allIdle();
      const [first] = came.slice(-1);
      OwnedFd.closeAll(first ?? []);
    }
    await allIdle();
    expect(failures).toEqual([]);
    expect(came.map((fds) => fds.length)).toEqual(Array.from({ length: CONNECTIONS }, () => count));

    OwnedFd.closeAll(came.flat());
    for (; calls > 0; calls--) holder.answered();
    for (const socket of pairs.flat()) socket.destroy();
    for (const each of [holder, probe]) each.close();
    await allIdle();
    expect(pairs.map(({ world }) => world.openDescriptors())).toEqual(pairs.map(() => [[], []]));
  },
);
