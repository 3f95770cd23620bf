import fc from 'fast-check';
import { type Discarded, FdQuota, type FdSocket, type OwnedFd } from '../../../packages/ancillary';
import { type Rpc, rpc } from '../../../packages/rpc';
import { Files, identitiesOf } from '../../support/files';
import { propertyRuns } from '../../support/properties';
import { Served } from './served';

interface Api {
  files(given: { files: readonly OwnedFd[] }): Promise<string[]>;
}

let release: () => void;
let released: Promise<void>;
/** How many run now. */
let running: number;
let discarded: Discarded[];
let dropped: Error[];

beforeEach(() => {
  released = Promise.resolve();
  running = 0;
  discarded = [];
  dropped = [];
});

function hold(): void {
  released = new Promise((resolve) => (release = resolve));
}

async function connected(served: Served): Promise<{ peer: Rpc<Api>; server: FdSocket }> {
  const { socket, client } = await served.connection();
  socket.on('discarded', (what) => discarded.push(what));
  const handlers = {
    async files({ files }: { files: readonly OwnedFd[] }) {
      running++;
      await released;
      for (let left = files.length % 4; left > 0; left--) await turn();
      running--;
      return identitiesOf(files);
    },
  };
  rpc(socket, handlers, { onNotificationError: (error) => dropped.push(error) }).closed.catch(() => undefined);
  return { peer: rpc<Api>(client), server: socket };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

const refused = (fds: number): Error =>
  expect.objectContaining({
    code: 'ERR_FD_QUOTA',
    message: expect.stringMatching(
      new RegExp(`^the call was not started: .* ${fds} descriptors .* closed, and user \\d+ holds`),
    ) as string,
  }) as Error;

test.each([
  [20, 2, 8],
  [100, 22, 49],
  [896, 221, 222],
  [1000, 247, 253],
])('of %i descriptors, a call may bring %i, and one that brings %i is refused', async (total, most, tooMany) => {
  await using served = await Served.with(new FdQuota({ fds: total }));
  const { peer } = await connected(served);
  using files = new Files(tooMany);
  const fitting = { files: files.owned.slice(0, most) };
  for (let calls = 0; calls < 2; calls++) {
    await expect(peer.call('files', { files: files.owned })).rejects.toEqual(refused(tooMany));
    expect(await peer.call('files', fitting)).toEqual(files.identities.slice(0, most));
  }
  expect(served.held.fds).toBe(1);
  const what = { count: tooMany, reason: 'quota', range: expect.anything() as unknown };
  expect(discarded).toEqual([what, what]);
});

test('a call is answered that came together with one that is refused, and so could not start', async () => {
  await using served = await Served.with(new FdQuota({ fds: 896 }));
  const { peer } = await connected(served);
  using files = new Files(253);
  const first = peer.call('files', { files: [] });
  await expect(peer.call('files', { files: files.owned })).rejects.toEqual(refused(253));
  expect(await first).toEqual([]);
});

test('a notification with too many is refused, too, which is told at this end alone', async () => {
  await using served = await Served.with(new FdQuota({ fds: 100 }));
  const { peer } = await connected(served);
  using files = new Files(40);
  await peer.notify('files', { files: files.owned });
  expect(await peer.call('files', { files: [] })).toEqual([]);
  expect(dropped).toEqual([refused(40)]);
  expect(discarded).toMatchObject([{ count: 40, reason: 'quota' }]);
});

test('one that brings so many that those that wait could never start is refused, on whatever connection of the user', async () => {
  await using served = await Served.with(new FdQuota({ fds: 100 }));
  hold();
  const [first, second, third] = [await connected(served), await connected(served), await connected(served)];
  using files = new Files(18);
  const begun = first.peer.call('files', { files: files.owned });
  await until(() => running === 1);
  const waiting = second.peer.call('files', { files: files.owned });
  await until(() => served.held.fds === 3 + 2 + 2 * 18);
  await expect(third.peer.call('files', { files: files.owned.slice(0, 8) })).rejects.toEqual(refused(8));
  expect(running).toBe(1);
  release();
  expect(await Promise.all([begun, waiting])).toEqual([files.identities, files.identities]);
  expect(served.held.fds).toBe(3);
});

test('whatever calls bring, on however many connections of a user, each is answered or refused', async () => {
  using files = new Files(60);
  const calls = fc.array(fc.record({ of: fc.nat(3), fds: fc.nat(60), turns: fc.nat(3) }), { maxLength: 12 });
  const total = fc.integer({ min: 5, max: 300 });
  await fc.assert(
    fc.asyncProperty(total, calls, async (fds, program) => {
      await using served = await Served.with(new FdQuota({ fds }));
      const peers: Rpc<Api>[] = [];
      for (let index = 0; index < 4 && (index === 0 || fds > 40); index++) peers.push((await connected(served)).peer);
      const outcomes: Promise<string[]>[] = [];
      for (const { of, fds: count, turns } of program) {
        const peer = peers[of % peers.length];
        for (let left = turns; left > 0; left--) await turn();
        if (peer === undefined) continue;
        const outcome = peer.call('files', { files: files.owned.slice(0, count) });
        // Some fail before all were made.
        outcome.catch(() => undefined);
        outcomes.push(outcome);
      }
      for (const outcome of await Promise.allSettled(outcomes)) {
        if (outcome.status === 'fulfilled') continue;
        expect(outcome.reason).toEqual(
          expect.objectContaining({ code: expect.stringMatching(/^(ERR_FD_|E)/) as string }),
        );
      }
    }),
    propertyRuns,
  );
});

describe('where the handlers of a connection hold all that it may, and call back over it', () => {
  interface Calling {
    call(files?: readonly OwnedFd[]): Promise<string>;
  }

  async function callingBack(served: Served): Promise<Rpc<Calling>> {
    const { socket, client } = await served.connection();
    const server: Rpc<{ back(): string }> = rpc(socket, {
      call: async () => `called ${await server.call('back')}`,
    });
    server.closed.catch(() => undefined);
    return rpc<Calling>(client, { back: () => 'back' });
  }

  test('the answers are read, so that all of them go on', async () => {
    await using served = await Served.with(new FdQuota({ fds: 100 }));
    const peer = await callingBack(served);
    for (const length of [20, 200]) {
      const calls = Array.from({ length }, () => peer.call('call'));
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['called back']));
    }
    expect(served.held.fds).toBe(1);
  });

  test('also those that came with descriptors', async () => {
    await using served = await Served.with(new FdQuota({ fds: 100 }));
    const peer = await callingBack(served);
    using files = new Files(22);
    expect(await peer.call('call', files.owned)).toBe('called back');
    expect(served.held.fds).toBe(1);
  });
});
