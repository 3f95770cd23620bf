import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import { fds, type FdSocket, OwnedFd, socketpair } from '../../packages/ancillary';
import {
  type CallContext,
  give,
  type Handlers,
  jsonValues,
  rpc,
  type Rpc,
  RpcError,
  type RpcOptions,
} from '../../packages/rpc';
import { node } from '../support/children';
import { identity } from '../support/descriptors';
import { closed } from '../support/peer';
import { plainJavaScript } from '../support/plain-javascript';

/** Of no type that is known, as only then the compiler lets it pass. */
const unsendable: unknown = 1n;

let sockets: FdSocket[] = [];

afterEach(async () => {
  await closed(...sockets);
  sockets = [];
});

/** Two ends; the right one has the handlers. */
function connect<Remote extends Handlers<Remote>>(handlers: Remote, options: RpcOptions = {}): [Rpc<Remote>, Rpc] {
  const [left, right] = socketpair();
  sockets.push(left, right);
  return [rpc<Remote>(left, {}, options), rpc(right, handlers, options)];
}

/** A promise and what settles it. */
function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

test('calls a handler, and gets what it returns', async () => {
  const [client] = connect({
    add: ({ a, b }: { a: number; b: number }) => a + b,
    later: async (text: string) => Promise.resolve([text, null, { deep: true }]),
    nothing: () => undefined,
  });
  await expect(client.call('add', { a: 1, b: 2 })).resolves.toBe(3);
  await expect(client.call('later', 'x')).resolves.toEqual(['x', null, { deep: true }]);
  await expect(client.call('nothing')).resolves.toBeUndefined();
});

test('both ends call, and a handler calls back', async () => {
  const [left, right] = socketpair();
  sockets.push(left, right);
  const one = rpc(left, { name: () => 'one' });
  const other = rpc(right, { name: () => 'other', ask: (_params, { connection }) => connection.call('name') });
  await expect(one.call('name')).resolves.toBe('other');
  await expect(other.call('name')).resolves.toBe('one');
  await expect(one.call('ask')).resolves.toBe('one');
});

test('answers come as they are ready, each to its call', async () => {
  const first = deferred<string>();
  const [client] = connect({ wait: () => first.promise, now: (text: string) => text });
  const order: unknown[] = [];
  const calls = [client.call('wait'), client.call('now', 'a'), client.call('now', 'b')];
  for (const call of calls) void call.then((result) => order.push(result));
  await Promise.all(calls.slice(1));
  first.resolve('first');
  await Promise.all(calls);
  expect(order).toEqual(['a', 'b', 'first']);
});

test('handlers are called on the object that they stand in', async () => {
  const [client] = connect({
    prefix: () => '>',
    greet(this: { prefix(): string }, name: string) {
      return `${this.prefix()} ${name}`;
    },
  });
  await expect(client.call('greet', 'you')).resolves.toBe('> you');
});

test('a notification is handled in order with the calls, and not answered', async () => {
  const seen: string[] = [];
  const [client] = connect({ note: (text: string) => void seen.push(text), seen: () => seen });
  await Promise.all([client.notify('note', 'a'), client.notify('note', 'b')]);
  await expect(client.call('seen')).resolves.toEqual(['a', 'b']);
  expect(client.socket.stats.framesReceived).toBe(1);
});

test('what the handler of a notification throws is told to the side that has it', async () => {
  const told = deferred<[Error, string]>();
  const [client] = connect(
    {
      fail: () => {
        throw new Error('cannot');
      },
    },
    { onNotificationError: (error, method) => told.resolve([error, method]) },
  );
  await client.notify('fail');
  await expect(told.promise).resolves.toEqual([new Error('cannot'), 'fail']);
});

describe('what the handler of a call throws', () => {
  const told: [Error, string][] = [];
  const options: RpcOptions = { onHandlerError: (error, method) => told.push([error, method]) };
  const bug = new TypeError('a bug');

  beforeEach(() => void told.splice(0));

  test('is told to the side that has it, as it was thrown, besides the caller', async () => {
    const [client] = connect<Handlers>(
      {
        throws() {
          throw bug;
        },
        rejects: () => Promise.reject(bug),
        async *items() {
          yield await Promise.resolve(1);
          throw bug;
        },
        async *unsendable() {
          yield await Promise.resolve(unsendable);
        },
        result: () => ({ total: unsendable }),
        open: () => fs.createReadStream('/dev/null'),
        json: () => ({
          toJSON() {
            throw bug;
          },
        }),
        text() {
          throw 'text' as unknown as Error;
        },
        right: () => 1,
      },
      options,
    );
    const read = async (items: Promise<AsyncIterator<unknown>>): Promise<void> => {
      while ((await (await items).next()).done !== true);
    };
    const failing = [
      client.call('throws'),
      client.call('rejects'),
      read(client.call('items') as Promise<AsyncIterator<unknown>>),
      read(client.call('unsendable') as Promise<AsyncIterator<unknown>>),
      client.call('result'),
      client.call('open'),
      client.call('json'),
      client.call('text'),
    ];
    await Promise.allSettled(failing);
    await client.call('right');
    const errorOf = (method: string): Error | undefined => told.find(([, each]) => each === method)?.[0];
    for (const method of ['throws', 'rejects', 'items', 'json']) expect(errorOf(method)).toBe(bug);
    expect(errorOf('unsendable')?.message).toMatch(/^the result of 'unsendable' cannot be sent: item is a BigInt/);
    expect(errorOf('result')?.message).toMatch(/^the result of 'result' cannot be sent: result.total is a BigInt/);
    expect(errorOf('open')?.message).toMatch(
      /^the result of 'open' cannot be sent: result is an instance of ReadStream/,
    );
    expect(errorOf('text')).toBeInstanceOf(Error);
    expect(told).toHaveLength(8);
  });

  test('is not what a peer did wrong, nor what a connection breaks by, nor what has a listener of its own', async () => {
    const release = deferred();
    const done = deferred();
    const [client, server] = connect(
      {
        note: () => Promise.reject(bug),
        waits: async () => {
          await release.promise;
          setImmediate(() => done.resolve());
          return 'x'.repeat(1000);
        },
        listens: (_params: undefined, { signal }: CallContext) => once(new EventEmitter(), 'never', { signal }),
      },
      { ...options, onNotificationError: () => undefined },
    );
    await expect((client as Rpc).call('none')).rejects.toMatchObject({ code: 'ERR_RPC_METHOD' });
    await client.notify('note');
    const controller = new AbortController();
    const cancelled = client.call('listens', undefined, controller);
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
    const waiting = client.call('waits');
    client.socket.destroy();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
    await server.closed.catch(() => undefined);
    release.resolve();
    await done.promise;
    expect(told).toEqual([]);
  });

  test('is refused where it is no function', () => {
    sockets = socketpair();
    expect(() => rpc(sockets[0] as FdSocket, {}, { onHandlerError: true as never })).toThrow(
      /^onHandlerError is a function of the error and the method, not true$/,
    );
  });
});

test('the stack of what a call rejects with has who awaits it, and not where the handler threw', async () => {
  const [client] = connect({
    fails: () => Promise.reject(new Error('no')),
    async *items() {
      yield await Promise.resolve(1);
      throw new Error('no');
    },
  });
  async function whoAwaits(): Promise<void> {
    await client.call('fails');
  }
  async function whoReturns(): Promise<unknown> {
    return client.call('fails');
  }
  async function whoAwaitsWhoReturns(): Promise<void> {
    await whoReturns();
  }
  async function whoIterates(): Promise<void> {
    const items = await client.call('items');
    while ((await items.next()).done !== true);
  }
  for (const caller of [whoAwaits, whoAwaitsWhoReturns, whoIterates]) {
    const { stack = '' } = (await caller().catch((error: unknown) => error)) as Error;
    expect(stack).toMatch(new RegExp(`at (async )?${caller.name} \\(.*rpc.test.ts:`));
    expect(stack.split('\n').filter((line) => line.includes('/packages/'))).toHaveLength(2);
  }
});

test('without a listener that is a process warning, once for all methods that there are not', async () => {
  const { stderr } = await node(
    `const { socketpair } = require(process.argv[1]);
    const { rpc } = require(process.argv[1] + '/../rpc');
    const [client, server] = socketpair().map((socket) => rpc(socket));
    client.notify('none');
    client.notify('another');
    client.notify('none').then(() => Promise.all([client.close(), server.closed]));`,
    { args: [plainJavaScript()] },
  ).succeeded();
  expect(stderr).toContain("[ERR_RPC_METHOD] RpcError: the notification 'none' failed: there is no method 'none'");
  expect(stderr).not.toContain('another');
  expect(stderr.split('ERR_RPC_METHOD')).toHaveLength(2);
});

describe('errors', () => {
  const throwing = (thrown: unknown) => () => {
    throw thrown;
  };
  const coded = (error: Error, code: unknown): Error => Object.assign(error, { code });

  test.each<[string, () => unknown, object]>([
    [
      'an Error',
      () => {
        throw new Error('no');
      },
      { code: 'ERR_RPC_HANDLER', message: 'no' },
    ],
    ['a rejection', () => Promise.reject(new Error('no')), { code: 'ERR_RPC_HANDLER', message: 'no' }],
    [
      'one with a code',
      () => {
        throw coded(new Error('none'), 'ENOENT');
      },
      { code: 'ENOENT', message: 'none' },
    ],
    [
      'one with a number',
      () => {
        throw coded(new Error('none'), -32601);
      },
      { code: -32601, message: 'none' },
    ],
    [
      'one with something else',
      () => {
        throw coded(new Error('none'), {});
      },
      { code: 'ERR_RPC_HANDLER' },
    ],
    [
      'an RpcError',
      () => {
        throw new RpcError('E', 'm', { a: [1] });
      },
      { code: 'E', message: 'm', data: { a: [1] } },
    ],
    ['a string', throwing('text'), { code: 'ERR_RPC_HANDLER', message: 'text' }],
    ['what is too large', () => 'x'.repeat(2_000_000), { code: 'ERR_FRAME_TOO_LARGE' }],
    [
      'a descriptor that is closed',
      () => {
        const fd = fds.memfd('closed');
        fd.close();
        return fd;
      },
      { code: 'ERR_FD_CLOSED' },
    ],
    [
      'an error whose data cannot be sent',
      () => {
        throw new RpcError('E', 'm', 1n);
      },
      { code: 'ERR_INVALID_ARG_TYPE' },
    ],
  ])('of a handler that throws or returns %s', async (_name, fail, expected) => {
    const [client] = connect({ fail, well: () => 'well' });
    const error = await client.call('fail').then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject(expected);
    // And the connection goes on.
    await expect(client.call('well')).resolves.toBe('well');
  });

  test('the stack stays where it is', async () => {
    const [client] = connect({ fail: () => Promise.reject(new Error('no')) });
    const error = (await client.call('fail').catch((reason: unknown) => reason)) as Error;
    expect(error.stack).toContain('rpc-error');
    expect(JSON.stringify(error)).not.toContain('test.ts');
  });

  test('descriptors in data arrive, and are closed if given', async () => {
    const given = fds.memfd('given');
    const there = identity(given.fd);
    const [client] = connect({
      fail: () => {
        throw new RpcError('E', 'with a log', { log: give(given) });
      },
    });
    const { data } = (await client.call('fail').catch((reason: unknown) => reason)) as { data: { log: OwnedFd } };
    using log = data.log;
    expect(identity(log.fd)).toBe(there);
    expect(given.closed).toBe(true);
  });

  test.each(['none', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'x\u0000\u001b[2J'])(
    'there is no method %j',
    async (method) => {
      const [client] = connect({ some: () => 1 });
      await expect((client as unknown as Rpc).call(method, {})).rejects.toMatchObject({ code: 'ERR_RPC_METHOD' });
    },
  );

  test('what cannot be sent rejects that call alone, and nothing is sent', async () => {
    const [client] = connect({ same: (value: unknown) => value });
    await expect(client.call('same', 1n)).rejects.toThrow(TypeError);
    await expect(client.call('same', 'x'.repeat(2_000_000))).rejects.toMatchObject({ code: 'ERR_FRAME_TOO_LARGE' });
    const shut = fds.memfd('shut');
    shut.close();
    await expect(client.call('same', shut)).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
    await expect(client.call('same', 1)).resolves.toBe(1);
    expect(client.socket.stats.framesSent).toBe(1);
  });
});

describe('descriptors', () => {
  test('arrive in both directions, in their places, and are the receiver’s', async () => {
    using sent = fds.memfd('sent');
    using lent = fds.memfd('lent');
    const [client] = connect({
      swap({ file }: { file: OwnedFd }) {
        return { was: identity(file.fd), list: [lent] };
      },
    });
    const { was, list } = await client.call('swap', { file: sent });
    expect(was).toBe(identity(sent.fd));
    const [file] = list as [OwnedFd];
    expect(identity(file.fd)).toBe(identity(lent.fd));
    expect([sent.closed, lent.closed]).toEqual([false, false]);
    file.close();
  });

  test('may be closed as soon as call() has returned', async () => {
    const [client] = connect({ identity: (file: OwnedFd) => identity(file.fd) });
    const calls: [Promise<string>, string][] = [];
    // More than a socket holds, so that some wait.
    for (let count = 0; count < 500; count++) {
      using file = fds.memfd('file');
      calls.push([client.call('identity', file), identity(file.fd)]);
    }
    for (const [call, there] of calls) await expect(call).resolves.toBe(there);
  });

  test('a request’s that the handler did not take are closed when it is answered', async () => {
    const got: OwnedFd[] = [];
    const ready = deferred();
    const [client] = connect({
      async keep(files: OwnedFd[]) {
        got.push(...files);
        await ready.promise;
        return files.map(({ closed }) => closed);
      },
      take: (files: OwnedFd[]) => files[0]?.take(),
      fail: (files: OwnedFd[]) => {
        got.push(...files);
        throw new Error('no');
      },
      echo: (file: OwnedFd) => ({ file }),
    });
    using file = fds.memfd('file');
    const kept = client.call('keep', [file, file]);
    ready.resolve();
    await expect(kept).resolves.toEqual([false, false]);
    expect(got.map(({ closed }) => closed)).toEqual([true, true]);
    using taken = OwnedFd.adopt((await client.call('take', [file, file])) as number);
    expect(identity(taken.fd)).toBe(identity(file.fd));
    await expect(client.call('fail', [file])).rejects.toThrow('no');
    expect(got.at(-1)?.closed).toBe(true);
    using echoed = (await client.call('echo', file)).file;
    expect(identity(echoed.fd)).toBe(identity(file.fd));
  });

  test('a notification’s, and those of a method that there is not, are closed', async () => {
    const handled = deferred<OwnedFd>();
    const [client] = connect({ note: (file: OwnedFd) => handled.resolve(file), sync: () => 0 });
    using file = fds.memfd('file');
    await client.notify('note', file);
    const got = await handled.promise;
    await expect((client as unknown as Rpc).call('none', [file])).rejects.toMatchObject({ code: 'ERR_RPC_METHOD' });
    expect(got.closed).toBe(true);
  });

  test('those of a notification that nobody handles are closed, and what it returns with them', async () => {
    const given = fds.memfd('given');
    const [client] = connect({ give: () => give(given), sync: () => 0 });
    await client.notify('give');
    await client.call('sync');
    expect(given.closed).toBe(true);
  });

  test('give() closes what was sent, on either side, and with it what could not be', async () => {
    const results: OwnedFd[] = [];
    const [client, server] = connect({
      make() {
        const file = fds.memfd('made');
        results.push(file);
        return give(file);
      },
      drop: () => 0,
      bad() {
        const file = fds.memfd('made');
        results.push(file);
        return { file: give(file), big: unsendable };
      },
    });
    using made = await client.call('make');
    expect(identity(made.fd)).not.toBe('');
    await expect(client.call('bad')).rejects.toThrow('BigInt');
    expect(results.map(({ closed }) => closed)).toEqual([true, true]);
    const argument = (): OwnedFd => {
      results.push(fds.memfd('argument'));
      return results.at(-1) as OwnedFd;
    };
    const peer = client as unknown as Rpc;
    await peer.call('drop', give(argument()));
    await peer.notify('drop', give(argument()));
    await expect(peer.call('drop', [give(argument()), 1n])).rejects.toThrow('BigInt');
    await expect(peer.call('drop', give(argument()), { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    await server.close();
    // In order, or with ECONNRESET where the server had not read all.
    await client.closed.catch(() => undefined);
    await expect(peer.call('drop', give(argument()))).rejects.toThrow();
    await expect(peer.notify('drop', give(argument()))).rejects.toThrow();
    expect(results.filter(({ closed }) => !closed)).toEqual([]);
  });
});

describe('cancelling', () => {
  test('rejects at once, and reaches the handler', async () => {
    const begun = deferred<AbortSignal>();
    const aborted = deferred();
    const [client] = connect({
      async wait(_params: undefined, { signal }: { signal: AbortSignal }) {
        begun.resolve(signal);
        await once(signal, 'abort');
        aborted.resolve();
        throw new Error('stopped');
      },
      well: () => 'well',
    });
    const controller = new AbortController();
    const call = client.call('wait', undefined, { signal: controller.signal });
    expect((await begun.promise).aborted).toBe(false);
    controller.abort(new Error('enough'));
    await expect(call).rejects.toMatchObject({ name: 'AbortError', cause: new Error('enough') });
    await aborted.promise;
    // The answer that comes all the same is no answer to nobody.
    await expect(client.call('well')).resolves.toBe('well');
  });

  test('a signal that a handler asks for late has been aborted', async () => {
    const begun = deferred();
    const go = deferred();
    const seen = deferred<boolean>();
    const [client] = connect({
      async wait(_params: undefined, context: { signal: AbortSignal }) {
        begun.resolve();
        await go.promise;
        seen.resolve(context.signal.aborted);
      },
      sync: () => 0,
    });
    const controller = new AbortController();
    const call = client.call('wait', undefined, controller);
    await begun.promise;
    controller.abort();
    await expect(call).rejects.toThrow('aborted');
    await client.call('sync');
    go.resolve();
    await expect(seen.promise).resolves.toBe(true);
  });

  test('descriptors of an answer that nobody waits for are closed', async () => {
    const begun = deferred();
    const go = deferred();
    const [client] = connect({
      async make() {
        begun.resolve();
        await go.promise;
        return [give(fds.memfd('late'))];
      },
      sync: () => 0,
    });
    const controller = new AbortController();
    const call = client.call('make', undefined, controller);
    await begun.promise;
    controller.abort();
    await expect(call).rejects.toThrow('aborted');
    go.resolve();
    await client.call('sync');
    while (client.socket.stats.fdsReceived === 0) await client.call('sync');
  });

  test('with a signal that has been aborted sends nothing', async () => {
    const [client] = connect({ one: () => 1 });
    await expect(client.call('one', undefined, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORT_ERR',
    });
    expect(client.socket.stats.framesSent).toBe(0);
  });

  test('after the answer does nothing', async () => {
    const [client] = connect({ one: () => 1 });
    const controller = new AbortController();
    await client.call('one', undefined, controller);
    controller.abort();
    await expect(client.call('one')).resolves.toBe(1);
    expect(client.socket.stats.framesSent).toBe(2);
  });
});

describe('limits', () => {
  test('more calls than maxPending reject, and cancelled ones count until they are answered', async () => {
    const go = deferred<number>();
    const [client] = connect({ wait: () => go.promise }, { maxPending: 2 });
    const controller = new AbortController();
    const calls = [client.call('wait'), client.call('wait', undefined, controller)];
    await expect(client.call('wait')).rejects.toMatchObject({ code: 'ERR_RPC_BUSY' });
    controller.abort();
    await expect(calls[1]).rejects.toThrow('aborted');
    await expect(client.call('wait')).rejects.toMatchObject({ code: 'ERR_RPC_BUSY' });
    go.resolve(1);
    await calls[0];
    await expect(client.call('wait')).resolves.toBe(1);
  });

  test.each([
    ['calls', { maxPending: 3 }, undefined],
    ['descriptors', { maxHeldFds: 3 }, true],
  ])('of %s, reading pauses where a peer has more running, and goes on', async (_name, options, withFile) => {
    const [left, right] = socketpair();
    sockets.push(left, right);
    let running = 0;
    let most = 0;
    let go = deferred();
    const client = rpc<{ wait: (file?: OwnedFd) => number }>(left);
    rpc(
      right,
      {
        async wait() {
          most = Math.max(most, ++running);
          await go.promise;
          return running--;
        },
      },
      options,
    );
    using file = fds.memfd('file');
    const calls = Array.from({ length: 40 }, () => client.call('wait', withFile === true ? file : undefined));
    while (running < 4) await new Promise(setImmediate);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect(running).toBe(4);
    go.resolve();
    await Promise.all(calls);
    expect(most).toBe(4);
    go = deferred();
  });

  test.each([
    { maxPending: 0 },
    { maxPending: 1.5 },
    { maxHeldFds: -1 },
    { maxDepth: 0 },
    { maxDepth: 1e6 },
    { maxLength: -1 },
  ])('%j is refused', (options) => {
    const [left, right] = socketpair();
    sockets.push(left, right);
    expect(() => rpc(left, {}, options)).toThrow(RangeError);
  });

  test('arguments are checked', async () => {
    const [left, right] = socketpair();
    sockets.push(left, right);
    expect(() => rpc(left, { a: 1 } as unknown as Handlers)).toThrow("handlers are functions, and 'a' is 1");
    expect(() => rpc(left, {}, { maxpending: 1 } as RpcOptions)).toThrow("Did you mean 'maxPending'?");
    expect(() => rpc({} as unknown as FdSocket)).toThrow('socket is an FdSocket');
    const client = rpc(left);
    await expect(client.call(5 as unknown as string)).rejects.toThrow('a method is a string, not 5');
    await expect(client.notify(undefined as unknown as string)).rejects.toThrow('a method is a string');
  });
});

describe('the end', () => {
  test('close() rejects calls that wait, aborts handlers that run, and closes both ends', async () => {
    const begun = deferred<AbortSignal>();
    const [client, server] = connect({
      wait(_params: undefined, { signal }: { signal: AbortSignal }) {
        begun.resolve(signal);
        return new Promise(() => undefined);
      },
    });
    const call = client.call('wait');
    const signal = await begun.promise;
    await Promise.all([client.close(), expect(call).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' })]);
    await expect(client.closed).resolves.toBeUndefined();
    await expect(client.call('wait')).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
    if (!signal.aborted) await once(signal, 'abort');
    await server.close();
    await expect(server.closed).resolves.toBeUndefined();
  });

  test('what is queued is sent first', async () => {
    const seen: number[] = [];
    const [client, server] = connect({ note: ({ number }: { number: number }) => void seen.push(number) });
    const text = 'x'.repeat(100_000);
    for (let number = 0; number < 20; number++) void client.notify('note', { number, text } as { number: number });
    await client.close();
    await server.closed;
    expect(seen).toHaveLength(20);
  });

  test('calls whose answers are ready when the peer has ended are answered', async () => {
    const [left, right] = socketpair();
    sockets.push(left, right);
    const go = deferred<string>();
    const server = rpc(right, { wait: () => go.promise });
    const codec = jsonValues();
    const { bytes } = codec.encode({ id: 1, method: 'wait' });
    await left.send(bytes as Uint8Array);
    left.end();
    const frames = left.frames(codec);
    const answer = frames.next();
    await new Promise(setImmediate);
    go.resolve('late');
    const { value } = (await answer) as IteratorYieldResult<Parameters<typeof codec.decode>[0]>;
    expect(codec.decode(value).value).toEqual({ id: 1, result: 'late' });
    await server.closed;
  });

  test('a peer that has ended rejects calls that wait for it', async () => {
    const [left, right] = socketpair();
    sockets.push(left, right);
    const client = rpc(left);
    const call = client.call('x');
    right.end();
    await expect(call).rejects.toMatchObject({
      code: 'ERR_FD_CLOSED',
      message: expect.stringContaining('ended') as string,
    });
    right.destroy();
    await client.closed;
  });

  test('a socket that fails rejects all calls with the one reason', async () => {
    const [client] = connect({ wait: () => new Promise(() => undefined) });
    const calls = [client.call('wait'), client.call('wait')];
    const reason = new Error('enough');
    client.socket.destroy(reason);
    for (const call of calls) await expect(call).rejects.toBe(reason);
    await expect(client.closed).rejects.toBe(reason);
    await expect(client.call('wait')).rejects.toBe(reason);
  });

  test('a socket that is closed already', async () => {
    const [left, right] = socketpair();
    await closed(left, right);
    const client = rpc(left);
    await expect(client.call('x')).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
    await client.closed;
  });

  test('await using closes it', async () => {
    const [client] = connect({ one: () => 1 });
    {
      await using connection = client;
      await connection.call('one');
    }
    expect(client.socket.destroyed).toBe(true);
  });
});
