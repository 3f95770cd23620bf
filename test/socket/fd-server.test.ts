import { EventEmitter, getEventListeners, on, once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect, type FdServer, FdSocket, fds, listen, raw, socketpair } from '../../packages/ancillary';
import { python, runDirectory } from '../support/children';
import { identity } from '../support/descriptors';
import { until } from '../hostile/until';
import { closed, codeOf, destroyed, nextOf } from './sockets';

let where: string;
let count = 0;
beforeEach(() => {
  where = path.join(runDirectory(), `fd-server-${process.pid}-${count++}.sock`);
});
afterEach(() => fs.rmSync(where, { force: true }));

describe('it is an EventEmitter of Node', () => {
  it('which instanceof and setMaxListeners() say', async () => {
    await using server = await listen(where);
    expect(server).toBeInstanceOf(EventEmitter);
    expect(server.setMaxListeners(3).getMaxListeners()).toBe(3);
  });

  it('whose events have types: a misspelt one and a wrong listener do not compile', async () => {
    await using server = await listen(where);
    server.on('error', (error) => error.message);
    server.once('drop', ({ localAddress }) => localAddress?.length);
    server.prependListener('close', () => undefined).on(Symbol('mine'), () => undefined);
    // @ts-expect-error: it is 'connection'
    server.on('conection', () => undefined);
    // @ts-expect-error: it gets no number
    server.once('close', (code: number) => code);
    expect(server.eventNames()).toContain('conection');
  });

  it('once() of node:events takes a connection, and the next goes to a loop that waits', async () => {
    await using server = await listen(where);
    const next = nextOf(server[Symbol.asyncIterator]());
    const first = once(server, 'connection');
    const clients = [await connect(where), await connect(where)];
    const [socket] = (await first) as [FdSocket];
    expect(server.listenerCount('connection')).toBe(0);
    await destroyed(...clients, socket, await next);
  });

  it('on() of node:events is a loop over them', async () => {
    await using server = await listen(where);
    const clients = [await connect(where), await connect(where)];
    const sockets: FdSocket[] = [];
    for await (const [socket] of on(server, 'connection') as AsyncIterable<[FdSocket]>) {
      if (sockets.push(socket) === 2) break;
    }
    expect(server.listenerCount('connection')).toBe(0);
    await destroyed(...clients, ...sockets);
  });

  it('prependListener(), prependOnceListener() and addListener() accept connections as on() does', async () => {
    await using server = await listen(where);
    for (const method of ['prependListener', 'prependOnceListener', 'addListener'] as const) {
      const accepted = new Promise<FdSocket>((resolve) => {
        server[method]('connection', resolve);
      });
      const client = await connect(where);
      await destroyed(client, await accepted);
      server.removeAllListeners('connection');
    }
  });

  it.each([
    ['off()', (server: FdServer, listener: () => void) => server.off('connection', listener)],
    ['removeListener()', (server: FdServer, listener: () => void) => server.removeListener('connection', listener)],
    ['removeAllListeners()', (server: FdServer) => server.removeAllListeners()],
  ])('after %s connections wait in the kernel again, with their loop to come', async (_, remove) => {
    const server = await listen(where);
    const listener = (): void => {
      throw new Error('it was removed');
    };
    server.on('connection', listener);
    remove(server, listener);
    const client = await connect(where);
    await nextTurn();
    await nextTurn();
    const copy = fds.dup(server);
    await server.close();
    // The queue of connections is that of the socket, not of the server.
    await using successor = await listen({ fd: copy.take() });
    await destroyed(client, await nextOf(successor[Symbol.asyncIterator]()));
  });

  it('captureRejections: a connection whose listener rejects is destroyed with the error', async () => {
    await using server = await listen(where, { captureRejections: true });
    const errors: unknown[] = [];
    const listener = async (socket: FdSocket): Promise<void> => {
      socket.on('error', (error) => errors.push(error));
      await nextTurn();
      throw new Error('mine');
    };
    // Its promise is returned, as an async function given in plain JavaScript would.
    server.on('connection', (socket) => listener(socket) as unknown as undefined);
    const client = await connect(where);
    client.resume().on('error', () => undefined);
    await closed(client);
    expect(errors).toEqual([new Error('mine')]);
    expect(server.listening).toBe(true);
  });

  it('an errorMonitor is told of an error, and is no listener for it', async () => {
    const server = await listen(where);
    const seen: Error[] = [];
    server.on(EventEmitter.errorMonitor, (error: Error) => seen.push(error));
    const next = server[Symbol.asyncIterator]().next();
    server.on('error', () => undefined);
    server.emit('error', new Error('mine'));
    expect(seen).toEqual([new Error('mine')]);
    await server.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it(`'close' comes in a turn of its own, and before close() resolves`, async () => {
    const server = await listen(where);
    let emitted = false;
    const closing = server.close().then(() => emitted);
    server.on('close', () => (emitted = true));
    expect(emitted).toBe(false);
    expect(await closing).toBe(true);
  });
});

describe('fd', () => {
  it('is the number of the listening socket, and -1 once closed', async () => {
    const server = await listen(where);
    expect(fds.describeFd(server)).toMatchObject({ fd: server.fd, kind: 'unix-socket', listening: true });
    await server.close();
    expect(server.fd).toBe(-1);
    expect(await codeOf(() => fds.dup(server))).toBe('ERR_FD_CLOSED');
  });

  it('can be sent, with the queue of connections, and close() leaves the path to the receiver', async () => {
    const server = await listen(where);
    const [left, right] = socketpair();
    await left.send('x', [server]);
    const client = await connect(where);
    const { ino } = fs.statSync(where);
    await server.close();
    expect(fs.statSync(where).ino).toBe(ino);
    const frame = await right.receive(1);
    await using successor = await listen({ fd: frame.fds[0]?.take() ?? -1 });
    expect(successor.address).toEqual({ path: where });
    const later = await connect(where);
    const sockets = [await nextOf(successor[Symbol.asyncIterator]()), await nextOf(successor[Symbol.asyncIterator]())];
    await destroyed(client, later, ...sockets, left, right);
  });

  it('can be sent with transfer: the server is closed, and the path stays', async () => {
    const server = await listen(where);
    const [left, right] = socketpair();
    const before = identity(server.fd);
    const ended = once(server, 'close');
    await left.send('x', [server], { transfer: true });
    await ended;
    expect(server.listening).toBe(false);
    const frame = await right.receive(1);
    expect(frame.fds.map(({ fd }) => identity(fd))).toEqual([before]);
    expect(fs.existsSync(where)).toBe(true);
    frame.close();
    await destroyed(left, right);
  });

  it('close() removes the path where nobody has the socket any more', async () => {
    const server = await listen(where);
    const copy = fds.dup(server);
    const [left, right] = socketpair();
    await left.send('x', [server]);
    (await right.receive(1)).close();
    copy.close();
    await server.close();
    expect(fs.existsSync(where)).toBe(false);
    await destroyed(left, right);
  });

  it('close() removes the path where sending failed', async () => {
    const server = await listen(where);
    const [left, right] = socketpair();
    await destroyed(right);
    expect(await codeOf(() => left.send('x', [server]))).toBe('EPIPE');
    await server.close();
    expect(fs.existsSync(where)).toBe(false);
    await destroyed(left);
  });

  it('close() leaves a path that somebody else has taken over', async () => {
    const server = await listen(where);
    const copy = fds.dup(server);
    fs.rmSync(where);
    await using other = await listen(where);
    copy.close();
    await server.close();
    expect(other.listening).toBe(true);
    await destroyed(await connect(where));
  });
});

describe('maxConnections', () => {
  it('closes at once what is over, tells by a drop, and accepts again when one was closed', async () => {
    await using server = await listen(where);
    server.maxConnections = 1;
    const sockets: FdSocket[] = [];
    server.on('connection', (socket) => sockets.push(socket));
    const drops: unknown[] = [];
    server.on('drop', (data) => drops.push(data));

    const first = await connect(where);
    await until(() => sockets.length === 1);
    const second = await connect(where);
    await until(() => drops.length === 1);
    expect(drops).toEqual([{ localAddress: where }]);
    expect(await codeOf(() => second.receive(1))).toBe('ERR_FRAME_INCOMPLETE');
    expect(sockets).toHaveLength(1);

    await destroyed(...sockets, first, second);
    const third = await connect(where);
    await until(() => sockets.length === 2);
    server.maxConnections = undefined;
    const fourth = await connect(where);
    await until(() => sockets.length === 3);
    await destroyed(third, fourth, ...sockets.slice(1));
  });

  it('holds for loops too, and 0 lets nobody in', async () => {
    await using server = await listen(where);
    server.maxConnections = 0;
    const drop = once(server, 'drop');
    const next = server[Symbol.asyncIterator]().next();
    const client = await connect(where);
    await drop;
    server.maxConnections = Infinity;
    const another = await connect(where);
    const { value } = (await next) as IteratorResult<FdSocket, undefined>;
    expect(value).toBeInstanceOf(FdSocket);
    await destroyed(client, another, value as FdSocket);
  });

  it.each([
    [-1, 'ERR_OUT_OF_RANGE'],
    [NaN, 'ERR_OUT_OF_RANGE'],
    ['5', 'ERR_INVALID_ARG_TYPE'],
  ])('%p is refused', async (most, code) => {
    await using server = await listen(where);
    expect(await codeOf(() => (server.maxConnections = most as number))).toBe(code);
    expect(server.maxConnections).toBeUndefined();
  });
});

describe('listen({ retry })', () => {
  it('waits until the path is free', async () => {
    const server = await listen(where);
    const waiting = listen(where, { retry: true });
    await nextTurn();
    await server.close();
    await using successor = await waiting;
    await destroyed(await connect(where), await nextOf(successor[Symbol.asyncIterator]()));
  });

  it('waits for the end of a process that leaves its path behind', async () => {
    await using child = python(
      `
import signal, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
print('ready', flush=True); signal.pause()
`,
      { args: [where] },
    );
    await child.line();
    const waiting = listen(where, { retry: true });
    await nextTurn();
    child.kill();
    await using successor = await waiting;
    await destroyed(await connect(where), await nextOf(successor[Symbol.asyncIterator]()));
  });

  it('waits for an abstract name', async () => {
    const abstract = `ancillary-retry-${process.pid}`;
    const server = await listen({ abstract });
    const waiting = listen({ abstract }, { retry: true });
    await nextTurn();
    await server.close();
    await using successor = await waiting;
    expect(successor.address).toEqual({ abstract });
  });

  it('gives up at the timeout, and the server that is there notices nothing', async () => {
    await using server = await listen(where);
    await expect(listen(where, { retry: true, timeout: 20 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      syscall: 'bind',
      path: where,
      address: where,
      cause: { code: 'EADDRINUSE' },
    });
    const client = await connect(where, { highWaterMark: 5 });
    const socket = await nextOf(server[Symbol.asyncIterator]());
    raw.sendMessage(client, Buffer.from('x'));
    expect((await socket.receive(1)).bytes.toString()).toBe('x');
    await destroyed(client, socket);
  });

  it('gives up with the signal', async () => {
    await using server = await listen(where);
    const controller = new AbortController();
    const waiting = codeOf(() => listen(where, { retry: true, signal: controller.signal }));
    await nextTurn();
    controller.abort();
    expect(await waiting).toBe('ABORT_ERR');
    expect(server.listening).toBe(true);
  });

  it('does not wait for what is not a socket: nobody will take it away', async () => {
    fs.writeFileSync(where, 'precious');
    expect(await codeOf(() => listen(where, { retry: true }))).toBe('EADDRINUSE');
  });
});

it('a signal that cannot be listened to is refused with the socket closed, and the path removed', async () => {
  const signal = { aborted: false } as AbortSignal;
  expect(await codeOf(() => listen(where, { signal }))).toMatch(/TypeError/);
  expect(fs.existsSync(where)).toBe(false);
});

it('any number of servers share one listener on a signal, which closes all of them', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const servers: FdServer[] = [];
  for (let index = 0; index < 12; index++) servers.push(await listen(`${where}-${index}`, { signal }));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  const allClosed = servers.map((server) => once(server, 'close'));
  controller.abort();
  await Promise.all(allClosed);
  expect(servers.map(({ listening }) => listening)).toEqual(servers.map(() => false));
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
