import { getEventListeners, once } from 'node:events';
import { fds, type FdSocket, type OwnedFd, raw, socketpair } from '../../packages/ancillary';
import { type CallContext, give, type Handlers, jsonValues, rpc, type Rpc } from '../../packages/rpc';
import { identity } from '../support/descriptors';
import { waitingAt, withBarePeer } from '../support/bare-peer';
import { closed } from '../support/peer';

/** Of no type that is known, as only then the compiler lets it pass. */
const unsendable: unknown = 1n;

let sockets: FdSocket[] = [];

afterEach(async () => {
  await closed(...sockets);
  sockets = [];
});

function connect<Remote extends Handlers<Remote>>(handlers: Remote): [Rpc<Remote>, Rpc] {
  const [left, right] = socketpair();
  sockets.push(left, right);
  return [rpc<Remote>(left), rpc(right, handlers)];
}

/** Numbers, with what happens to whoever makes them. */
class Counting {
  made = 0;
  ended = false;

  async *upTo(last: number): AsyncGenerator<number, string> {
    try {
      while (this.made < last) yield await Promise.resolve(++this.made);
      return 'all';
    } finally {
      this.ended = true;
    }
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('a handler’s async iterable arrives as one, item by item, with what it returns', async () => {
  const [client] = connect({ count: (last: number) => new Counting().upTo(last) });
  await expect(collect(await client.call('count', 1000))).resolves.toEqual(
    Array.from({ length: 1000 }, (_, at) => at + 1),
  );
  const items = await client.call('count', 1);
  await expect(items.next()).resolves.toEqual({ done: false, value: 1 });
  await expect(items.next()).resolves.toEqual({ done: true, value: 'all' });
  await expect(items.next()).resolves.toEqual({ done: true, value: undefined });
  await expect(collect(await client.call('count', 0))).resolves.toEqual([]);
});

test('anything with Symbol.asyncIterator will do, also without return()', async () => {
  const [client] = connect({
    plain: () => ({
      [Symbol.asyncIterator]: () => {
        let left = 3;
        return { next: () => Promise.resolve({ done: left === 0, value: left-- }) };
      },
    }),
  });
  await expect(collect(await client.call('plain'))).resolves.toEqual([3, 2, 1]);
  for await (const item of await client.call('plain')) {
    expect(item).toBe(3);
    break;
  }
  await expect(collect(await client.call('plain'))).resolves.toEqual([3, 2, 1]);
});

test('several at once, and next() called ahead', async () => {
  const [client] = connect({ count: (last: number) => new Counting().upTo(last) });
  const all = await Promise.all([client.call('count', 50), client.call('count', 3), client.call('count', 40)]);
  await expect(Promise.all(all.map(collect))).resolves.toEqual(
    [50, 3, 40].map((last) => Array.from({ length: last }, (_, at) => at + 1)),
  );
  const items = await client.call('count', 60);
  const steps = await Promise.all(Array.from({ length: 63 }, () => items.next()));
  expect(steps.map(({ done, value }) => (done === true ? [value] : value))).toEqual([
    ...Array.from({ length: 60 }, (_, at) => at + 1),
    ['all'],
    [undefined],
    [undefined],
  ]);
});

test('no more than sixteen are made ahead of who reads', async () => {
  const counting = new Counting();
  const [client] = connect({ count: () => counting.upTo(1000), sync: () => 0 });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await client.call('sync');
  };
  const items = await client.call('count');
  await settle();
  expect(counting.made).toBe(0);
  await items.next();
  await settle();
  expect(counting.made).toBe(16);
  for (let read = 2; read <= 100; read++) {
    await items.next();
    if (read % 10 === 0) await settle();
    expect(counting.made).toBeLessThanOrEqual(read + 16);
  }
  await items.return();
  await settle();
  expect(counting.ended).toBe(true);
});

test('leaving the loop ends the iterator over there, also by `await using`', async () => {
  const countings = [new Counting(), new Counting()];
  const [client] = connect({ count: (which: number) => (countings[which] as Counting).upTo(1000), sync: () => 0 });
  for await (const item of await client.call('count', 0)) if (item === 3) break;
  {
    await using items = await client.call('count', 1);
    await items.next();
  }
  while (!countings.every(({ ended }) => ended)) await client.call('sync');
});

test('descriptors in items arrive with them; those that were not read are closed', async () => {
  const there: string[] = [];
  const [client] = connect({
    async *files() {
      for (let count = 0; count < 100; count++) {
        const file = fds.memfd('file');
        there.push(identity(file.fd));
        yield await Promise.resolve({ file: give(file) });
      }
    },
    sync: () => 0,
  });
  const seen: string[] = [];
  for await (const { file } of await client.call('files')) {
    seen.push(identity(file.fd));
    file.close();
    if (seen.length === 30) break;
  }
  expect(seen).toEqual(there.slice(0, 30));
  for (let turn = 0; turn < 20; turn++) await client.call('sync');
  expect(client.socket.stats.fdsReceived).toBeGreaterThan(30);
});

test('a lent descriptor may be closed once the next item is asked for', async () => {
  const [client] = connect({
    async *files() {
      for (let count = 0; count < 40; count++) {
        using file = fds.memfd(`file ${count}`);
        yield await Promise.resolve({ file, is: identity(file.fd) });
      }
    },
  });
  for await (const { file, is } of await client.call('files')) {
    expect(identity(file.fd)).toBe(is);
    file.close();
  }
});

test('descriptors of its argument stay open until it has ended', async () => {
  let argument: OwnedFd | undefined;
  const [client] = connect({
    async *copies(file: OwnedFd) {
      argument = file;
      for (let count = 0; count < 20; count++) yield await Promise.resolve({ file });
    },
  });
  using file = fds.memfd('file');
  const seen: string[] = [];
  for await (const item of await client.call('copies', file)) {
    seen.push(identity(item.file.fd));
    item.file.close();
  }
  expect(seen).toEqual(Array.from({ length: 20 }, () => identity(file.fd)));
  expect(argument?.closed).toBe(true);
});

test('what it throws comes after the items, and an item that cannot be sent ends it', async () => {
  let ended = false;
  const [client] = connect({
    async *fails() {
      yield* [1, 2];
      throw Object.assign(await Promise.resolve(new Error('no')), { code: 'ENO' });
    },
    async *unsendable() {
      try {
        yield await Promise.resolve(1);
        yield { file: give(fds.memfd('given')), big: unsendable };
        yield 3;
      } finally {
        ended = true;
      }
    },
  });
  const seen: unknown[] = [];
  const read = async (items: AsyncIterable<unknown>): Promise<void> => {
    for await (const item of items) seen.push(item);
  };
  await expect(read(await client.call('fails'))).rejects.toMatchObject({ code: 'ENO', message: 'no' });
  await expect(read(await client.call('unsendable'))).rejects.toThrow('BigInt');
  expect(seen).toEqual([1, 2, 1]);
  expect(ended).toBe(true);
});

test('aborting ends it: the loop throws, the handler’s signal aborts, descriptors on their way are closed', async () => {
  let signal: AbortSignal | undefined;
  let ended = false;
  const [client] = connect({
    async *files(_params: undefined, context: CallContext) {
      try {
        signal = context.signal;
        for (;;) yield await Promise.resolve(give(fds.memfd('file')));
      } finally {
        ended = true;
      }
    },
    sync: () => 0,
  });
  const controller = new AbortController();
  const items = await client.call('files', undefined, controller);
  const { value } = (await items.next()) as IteratorYieldResult<OwnedFd>;
  value.close();
  controller.abort();
  await expect(items.next()).rejects.toMatchObject({ name: 'AbortError' });
  await expect(items.next()).resolves.toMatchObject({ done: true });
  for (let turn = 0; turn < 20; turn++) await client.call('sync');
  expect(ended).toBe(true);
  expect(signal?.aborted).toBe(true);
});

test.each([5, 15, 16, 17, 100])(
  'aborting drops the items that are here, also where the iterator of %d has ended over there',
  async (last) => {
    const made: OwnedFd[] = [];
    const [client] = connect({
      async *files(count: number) {
        for (let number = 1; number <= count; number++) {
          made.push(fds.memfd('file'));
          yield await Promise.resolve({ number, file: give(made.at(-1) as OwnedFd) });
        }
      },
      sync: () => 0,
    });
    const controller = new AbortController();
    const items = await client.call('files', last, controller);
    const seen: number[] = [];
    const loop = (async () => {
      for await (const { number, file } of items) {
        file.close();
        seen.push(number);
        if (number > 2) continue;
        // By then all that was asked for is here, and how it ended.
        for (let turn = 0; turn < 20; turn++) await client.call('sync');
        if (number === 2) controller.abort();
      }
    })();
    await expect(loop).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen).toEqual([1, 2]);
    await expect(items.next()).resolves.toEqual({ done: true, value: undefined });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    expect(made.length).toBeGreaterThanOrEqual(5);
    expect(made.every(({ closed }) => closed)).toBe(true);
  },
);

test('aborting comes before how it ended, and after that it does nothing', async () => {
  const [client, server] = connect({
    async *fails() {
      yield await Promise.resolve(1);
      throw new Error('no');
    },
    count: (last: number) => new Counting().upTo(last),
    sync: () => 0,
  });
  const signals = Array.from({ length: 4 }, () => new AbortController());
  const [first, second, third, fourth] = signals as [
    AbortController,
    AbortController,
    AbortController,
    AbortController,
  ];
  const failing = await client.call('fails', undefined, first);
  const read = await client.call('count', 2, second);
  const left = await client.call('count', 2, third);
  const closing = await client.call('count', 9, fourth);
  await failing.next();
  await expect(collect(read)).resolves.toEqual([1, 2]);
  await left.next();
  await closing.next();
  for (let turn = 0; turn < 20; turn++) await client.call('sync');
  await left.return();
  expect(signals.map(({ signal }) => getEventListeners(signal, 'abort').length)).toEqual([1, 0, 0, 1]);
  await server.close();
  await client.closed;
  for (const each of signals) each.abort();
  await expect(failing.next()).rejects.toMatchObject({ name: 'AbortError' });
  await expect(closing.next()).rejects.toMatchObject({ name: 'AbortError' });
  for (const items of [failing, read, left, closing]) await expect(items.next()).resolves.toMatchObject({ done: true });
});

test('an iterator that waits for its signal ends when the connection does, and the loop throws', async () => {
  let ended: () => void = () => undefined;
  const end = new Promise<void>((resolve) => (ended = resolve));
  const [client] = connect({
    async *waits(_params: undefined, { signal }: CallContext) {
      yield 1;
      await once(signal, 'abort');
      ended();
    },
  });
  const items = await client.call('waits');
  await items.next();
  const waiting = items.next();
  const reason = new Error('enough');
  client.socket.destroy(reason);
  await expect(waiting).rejects.toBe(reason);
  await end;
});

test('items that are here are still read when the connection has ended', async () => {
  const [client, server] = connect({ count: () => new Counting().upTo(5) });
  const items = await client.call('count');
  await expect(items.next()).resolves.toEqual({ done: false, value: 1 });
  await client.call('count');
  await server.close();
  await client.closed;
  await expect(collect(items)).resolves.toEqual([2, 3, 4, 5]);
});

test('a peer that reads as fast as items are sent keeps nobody waiting', async () => {
  using bare = withBarePeer();
  let made = 0;
  const loop = { turned: false };
  const server = rpc(bare.socket, {
    async *count() {
      setImmediate(() => (loop.turned = true));
      while (!loop.turned && made < 10_000) {
        waitingAt(bare.peer);
        yield await Promise.resolve(made++);
      }
    },
  });
  const codec = jsonValues();
  for (const message of [
    { id: 1, method: 'count' },
    { pull: 1, count: 1e9 },
  ])
    raw.sendMessage(bare.peer, Buffer.concat([codec.encode(message).bytes].flat()));
  while (!loop.turned) await new Promise((resolve) => setImmediate(resolve));
  await server.close();
  expect(made).toBeLessThan(1000);
});
