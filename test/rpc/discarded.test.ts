import { type Discarded, fds, type FdSocket, type OwnedFd, socketpair } from '../../packages/ancillary';
import { framed, give, type Handlers, jsonValues, rpc, type Rpc } from '../../packages/rpc';
import { until } from '../hostile/until';
import { closed } from '../support/peer';

// Descriptors that reach nobody are closed, and the socket that they came on says so.

let sockets: [FdSocket, FdSocket];
let client: Rpc;
let told: (readonly Discarded[])[];
let release: () => void;
let released: Promise<void>;

beforeEach(() => {
  sockets = socketpair();
  released = new Promise((resolve) => (release = resolve));
  told = sockets.map((socket) => {
    const all: Discarded[] = [];
    socket.on('discarded', (discarded) => all.push(discarded));
    return all;
  });
});

afterEach(async () => {
  release();
  await closed(...sockets);
});

function serve(handlers: object, maxPending?: number): Rpc {
  client = rpc(sockets[0]);
  return rpc(sockets[1], handlers as Handlers, { maxPending });
}

const file = () => give(fds.memfd('file'));
const untaken = (count: number): object => ({ count, reason: 'untaken' });

test('those of a call that is cancelled before it is started', async () => {
  serve({ wait: () => released }, 1);
  const running = [client.call('wait'), client.call('wait')];
  const controller = new AbortController();
  const waiting = client.call('wait', [file(), file()], controller);
  await until(() => sockets[1].stats.fdsReceived === 2);
  controller.abort();
  await expect(waiting).rejects.toThrow('aborted');
  await until(() => sockets[1].stats.fdsClosed === 2);
  release();
  await Promise.all(running);
  expect(told).toMatchObject([[], [untaken(2)]]);
});

test('those of an answer for which nobody waits any more', async () => {
  serve({
    async late() {
      await released;
      return file();
    },
  });
  const controller = new AbortController();
  const late = client.call('late', undefined, controller);
  await until(() => sockets[1].stats.bytesRead > 0);
  controller.abort();
  await expect(late).rejects.toThrow('aborted');
  release();
  await until(() => sockets[0].stats.fdsReceived === 1);
  expect(told).toMatchObject([[untaken(1)], []]);
});

test('those of items that were not read, and of what an iterator returns', async () => {
  serve({
    async *items() {
      yield await Promise.resolve(file());
      yield file();
      return file();
    },
  });
  for await (const item of (await client.call('items')) as AsyncIterable<OwnedFd>) {
    await until(() => sockets[0].stats.fdsReceived === 3);
    expect(item.closed).toBe(false);
    item.close();
    break;
  }
  await until(() => sockets[0].stats.fdsClosed === 2);
  expect(told).toMatchObject([[untaken(1), untaken(1)], []]);
});

test('those that come after close(), while what is queued is sent', async () => {
  const server = rpc(sockets[1]);
  const unread = server.notify('unread', 'x'.repeat(1_000_000));
  const closing = server.close({ timeout: Infinity });
  await framed(sockets[0], jsonValues()).send({ method: 'late', params: file() });
  await until(() => sockets[1].stats.fdsClosed === 1);
  expect(told).toMatchObject([[], [untaken(1)]]);
  sockets[0].destroy();
  await Promise.allSettled([unread, closing]);
});

test('not those that a handler got, and did not take', async () => {
  serve({ kind: (got: OwnedFd) => fds.describeFd(got).kind });
  await expect(client.call('kind', file())).resolves.toBe('memfd');
  await until(() => sockets[1].stats.fdsReceived === 1);
  expect([told, sockets[1].stats.fdsClosed]).toEqual([[[], []], 0]);
});
