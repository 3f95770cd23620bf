import { fstatSync } from 'node:fs';
import { fds, type FdSocket, OwnedFd, socketpair } from '../../packages/ancillary';
import { type CallContext, framed, give, type Handlers, jsonValues, rpc, type Rpc } from '../../packages/rpc';
import { closed } from '../support/peer';

// A handler that never returns keeps nothing of a peer that has left, except what it took.

let sockets: [FdSocket, FdSocket];
const got: OwnedFd[] = [];

beforeEach(() => {
  sockets = socketpair();
  got.length = 0;
});

afterEach(async () => {
  await closed(...sockets);
});

function connect<Remote extends Handlers<Remote>>(handlers: Remote): [Rpc<Remote>, Rpc] {
  return [rpc<Remote>(sockets[0]), rpc(sockets[1], handlers)];
}

const forever = (): Promise<never> => new Promise(() => undefined);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const areClosed = (): boolean[] => got.map((file) => file.closed);

test.each<[string, (client: Rpc, server: Rpc) => void]>([
  ['the peer dies', (client) => client.socket.destroy()],
  ['the peer closes', (client) => void client.close()],
  ['this side closes', (_client, server) => void server.close()],
  ['the connection breaks', (_client, server) => server.socket.destroy(new Error('broken'))],
])('descriptors of a handler that never returns are closed when %s, and its signal aborts', async (_what, end) => {
  const order: unknown[] = [];
  const [client, server] = connect({
    keep([left, right]: [OwnedFd, OwnedFd], { signal }: CallContext) {
      got.push(left, right);
      // Whoever hears of the end may still take what it needs.
      signal.addEventListener('abort', () => order.push(left.closed, right.closed));
      return forever();
    },
    note(file: OwnedFd) {
      got.push(file);
      return forever();
    },
  });
  using file = fds.memfd('file');
  client.call('keep', [file, file]).catch(() => undefined);
  await client.notify('note', file);
  await until(() => got.length === 3);
  expect(areClosed()).toEqual([false, false, false]);
  end(client, server);
  await server.closed.catch(() => undefined);
  expect(areClosed()).toEqual([true, true, true]);
  expect(order).toEqual([false, false]);
});

test('what a handler took stays open', async () => {
  let number = -1;
  const [client, server] = connect({
    take(file: OwnedFd) {
      number = file.take();
      return forever();
    },
  });
  using file = fds.memfd('file');
  client.call('take', file).catch(() => undefined);
  await until(() => number !== -1);
  client.socket.destroy();
  await server.closed.catch(() => undefined);
  expect(fstatSync(number).ino).toBe(fstatSync(file.fd).ino);
  OwnedFd.adopt(number).close();
});

test('descriptors of an iterator whose next() never settles are closed', async () => {
  const [client, server] = connect({
    // eslint-disable-next-line require-yield -- it never comes so far
    async *items(file: OwnedFd) {
      got.push(file);
      await forever();
    },
  });
  using file = fds.memfd('file');
  const items = await client.call('items', give(file.dup()));
  items.next().catch(() => undefined);
  await until(() => got.length === 1);
  client.socket.destroy();
  await server.closed.catch(() => undefined);
  expect(areClosed()).toEqual([true]);
});

test('while the peer has only ended its side, a handler keeps them, and is answered', async () => {
  let release: (size: number) => void = () => undefined;
  const [client, server] = connect({
    read(file: OwnedFd) {
      got.push(file);
      return new Promise<number>((resolve) => (release = resolve)).then(() => file.fd);
    },
  });
  using file = fds.memfd('file');
  const call = client.call('read', file);
  await until(() => got.length === 1);
  client.socket.end();
  await until(() => server.socket.readableEnded || server.socket.stats.framesReceived === 1);
  expect(areClosed()).toEqual([false]);
  release(1);
  await expect(call).resolves.toBeGreaterThan(0);
});

test('an iterator ends when the peer has ended its side and got what it had asked for', async () => {
  let ended = false;
  const server = rpc(sockets[1], {
    async *count() {
      try {
        for (let number = 1; ; number++) yield await Promise.resolve(number);
      } finally {
        ended = true;
      }
    },
  });
  const peer = framed(sockets[0], jsonValues());
  await peer.send({ id: 1, method: 'count' });
  await peer.send({ pull: 1, count: 2 });
  sockets[0].end();
  const messages: unknown[] = [];
  for await (const { value } of peer) messages.push(value);
  expect(messages).toEqual([{ id: 1, iterator: true }, { id: 1, item: 1 }, { id: 1, item: 2 }, { id: 1 }]);
  expect(ended).toBe(true);
  await server.closed;
});

describe('what comes after close()', () => {
  const BIG = 'x'.repeat(900_000);

  test('answers and items included, gets nobody, is closed, and leaves what is queued to be sent', async () => {
    const started: unknown[] = [];
    const server = rpc(sockets[1], {
      start: (params: unknown) => void started.push(params),
    });
    const peer = framed(sockets[0], jsonValues());
    const call = server.call('slow');
    const items = server.call('items');
    const queued = server.notify('big', BIG);
    const closing = server.close();
    await expect(call).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
    await expect(items).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
    using file = fds.memfd('file');
    await peer.send({ id: 1, result: file });
    await peer.send({ id: 2, iterator: true });
    await peer.send({ id: 1, method: 'start', params: file });
    await peer.send({ method: 'start', params: file });
    await until(() => sockets[1].stats.framesReceived === 4);
    const methods: unknown[] = [];
    for await (const { value } of peer) methods.push((value as { method: unknown }).method);
    expect(methods).toEqual(['slow', 'items', 'big']);
    await queued;
    await closing;
    await server.closed;
    expect(started).toEqual([]);
  });

  test('is what it was, where the options of close() are refused', async () => {
    const [client, server] = connect({ one: () => 1 });
    await expect(client.close({ timeout: -1 })).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    await expect(server.close({ timeOut: 1 } as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    await expect(client.call('one')).resolves.toBe(1);
  });
});
