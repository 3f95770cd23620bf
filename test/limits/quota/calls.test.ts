import { FdQuota, type FdSocket, type OwnedFd } from '../../../packages/ancillary';
import { type Rpc, rpc } from '../../../packages/rpc';
import { identity } from '../../support/descriptors';
import { Files } from '../../support/files';
import { Served } from './served';

interface Api {
  files(given: { files: readonly OwnedFd[] }): Promise<string[]>;
}

/** How many run at the same time. */
let running: number;
let most: number;

beforeEach(() => {
  running = 0;
  most = 0;
});

function serve(socket: FdSocket): void {
  rpc(socket, {
    async files({ files }: { files: readonly OwnedFd[] }) {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      return files.map(({ fd }) => identity(fd));
    },
  }).closed.catch(() => undefined);
}

async function connected(served: Served): Promise<Rpc<Api>> {
  const { socket, client } = await served.connection();
  serve(socket);
  return rpc<Api>(client);
}

test.each([
  [20, 9],
  [100, 49],
  [1000, 253],
])('of %i descriptors, a call may bring %i, though it leaves none that it may have to run', async (total, count) => {
  await using served = await Served.with(new FdQuota({ fds: total }));
  const peer = await connected(served);
  using files = new Files(count);
  for (let calls = 0; calls < 2; calls++)
    expect(await peer.call('files', { files: files.owned })).toEqual(files.identities);
  expect(served.held.fds).toBe(1);
});

test('where several connections of a user hold all that it may, their calls run one after the other', async () => {
  await using served = await Served.with(new FdQuota({ fds: 40 }));
  const peers = [await connected(served), await connected(served), await connected(served)];
  using files = new Files(5);
  const calls = peers.map((peer) => peer.call('files', { files: files.owned }));
  expect(await Promise.all(calls)).toEqual(peers.map(() => files.identities));
  expect(most).toBe(1);
});
