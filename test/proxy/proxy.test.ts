import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connect, type FdServer, type FdSocket, listen } from '../../packages/ancillary';
import { type Forwarded, ForwardError, proxy, type Proxying, type ProxyOptions } from '../../packages/ancillary/proxy';
import { settled, until } from '../hostile/until';
import { bytesOf, closed, codeOf, destroyed } from '../socket/sockets';
import { python } from '../support/children';
import { expectDescriptors, identity, openDescriptors } from '../support/descriptors';
import { Files } from '../support/files';
import { modeRefusal } from '../support/mode-refusal';

let directory: string;
let server: FdServer;
let listener: FdServer;
let ended: Forwarded[];
let proxying: Proxying;

const at = (name: string): string => path.join(directory, name);

beforeEach(async () => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'proxy-'));
  server = await listen(at('server'));
  listener = await listen(at('proxy'));
  ended = [];
});

afterEach(async () => {
  await Promise.all([server.close(), listener.close()]);
  await proxying.catch(() => undefined);
  rmSync(directory, { recursive: true });
});

function start(options: ProxyOptions = {}, address = at('server')): void {
  proxying = proxy(listener, address, { ended: (forwarded) => ended.push(forwarded), ...options });
  proxying.catch(() => undefined);
}

/** Sends back what comes, with its descriptors, until the client ends. */
async function echo(socket: FdSocket): Promise<void> {
  socket.on('error', () => undefined);
  await socket.forEachFrame(async (frame) => {
    try {
      await socket.send(frame.bytes, frame.fds);
    } finally {
      frame.close();
    }
  });
  socket.end();
}

const echoing = (socket: FdSocket): void => void echo(socket).catch(() => undefined);

it('refuses a listener that another one has, which goes on', async () => {
  start();
  expect(() => proxy(listener, at('server'))).toThrow(
    modeRefusal(/taken over by proxy\(\), .*: use another server for proxy\(\)$/),
  );
  server.on('connection', echoing);
  const client = await connect(at('proxy'));
  client.end('text');
  expect((await bytesOf(client)).toString()).toBe('text');
});

it('settles when `ended` was called for the last connection, also if that throws', async () => {
  const thrown = new Error('of the listener');
  const uncaught: unknown[] = [];
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error));
  try {
    start({
      ended(forwarded) {
        ended.push(forwarded);
        throw thrown;
      },
    });
    server.on('connection', (socket) => socket.resume().on('end', () => socket.end()));
    const clients = await Promise.all([connect(at('proxy')), connect(at('proxy'))]);
    await until(() => proxying.connections === 2);
    const closing = listener.close();
    const told = proxying.then(() => ended.length);
    for (const client of clients) client.resume().end();
    expect(await told).toBe(2);
    await closing;
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
  }
  expect(uncaught).toEqual([thrown, thrown]);
});

it('gives each client a connection of its own, and counts what passes', async () => {
  server.on('connection', echoing);
  start();
  using files = new Files(20);
  const clients = await Promise.all(files.numbers.map(() => connect(at('proxy'))));
  await Promise.all(
    clients.map(async (client, index) => {
      await client.send(`client ${String(index).padStart(2)}`, [files.numbers[index] as number]);
      const frame = await client.receive(9);
      expect(frame.bytes.toString()).toBe(`client ${String(index).padStart(2)}`);
      expect(frame.fds.map(({ fd }) => identity(fd))).toEqual([files.identities[index]]);
      frame.close();
    }),
  );
  const passed = { bytes: 180, fds: 20, frames: 20, refused: 0 };
  expect(proxying.connections).toBe(20);
  expect(proxying.totals).toEqual({ from: passed, to: passed });
  for (const client of clients) client.end().resume();
  await closed(...clients);
  await until(() => ended.length === 20);
  expect(ended.map(({ error }) => error)).toEqual(files.numbers.map(() => undefined));
  expect(proxying.connections).toBe(0);
  await listener.close();
  expect(await proxying).toEqual({ from: passed, to: passed });
});

it('sees, changes and refuses what passes, as forward() does', async () => {
  server.on('connection', echoing);
  start({
    seen: ({ bytes }, { side }) => (side === 'to' ? { bytes: Buffer.from(bytes.toString().toUpperCase()) } : undefined),
  });
  const client = await connect(at('proxy'));
  await client.send('quietly');
  expect((await client.receive(7)).bytes.toString()).toBe('QUIETLY');
  await destroyed(client);
});

it('lets a connection that fails end alone, and tells which side failed', async () => {
  server.on('connection', echoing);
  const picky = {
    measure: (bytes: Uint8Array) => {
      if (bytes[0] === 0x21) throw new Error('refused');
      return bytes.length === 0 ? { need: 1 } : { length: 1, fds: 0 };
    },
    decode: () => undefined,
  };
  start({ codec: picky });
  const good = await connect(at('proxy'));
  const bad = await connect(at('proxy'));
  bad.on('error', () => undefined).resume();
  bad.write('!');
  await closed(bad);
  expect(ended).toMatchObject([{ error: { side: 'from', message: expect.stringContaining('refused') as string } }]);
  await good.send('.');
  expect((await good.receive(1)).bytes.toString()).toBe('.');
  await destroyed(good);
});

it('closes a client for whom there is no server, and tells the side', async () => {
  start({}, at('nobody'));
  const client = await connect(at('proxy'));
  expect((await bytesOf(client)).length).toBe(0);
  client.end();
  await closed(client);
  await until(() => ended.length === 1);
  expect(ended[0]?.error).toBeInstanceOf(ForwardError);
  expect(ended).toMatchObject([{ error: { side: 'to', code: 'ENOENT' }, totals: { from: { bytes: 0 } } }]);
});

it('waits for a server that is to come, with what the client sent meanwhile', async () => {
  start({ connect: { retry: true } }, at('late'));
  const client = await connect(at('proxy'));
  using files = new Files(1);
  await client.send('early', files.numbers);
  const late = await listen(at('late'));
  late.on('connection', echoing);
  const frame = await client.receive(5);
  expect(frame.fds.map(({ fd }) => identity(fd))).toEqual(files.identities);
  frame.close();
  await destroyed(client);
  await until(() => ended.length === 1);
  await late.close();
});

describe('clients that leave before the server is there', () => {
  const leaving = async (): Promise<void> => {
    const before = openDescriptors();
    using files = new Files(2);
    for (let count = 0; count < 10; count++) {
      const client = await connect(at('proxy'));
      if (count % 2 === 0) await client.send('with descriptors', files.numbers);
      await destroyed(client);
    }
    await until(() => ended.length === 10 && proxying.connections === 0);
    for (const { error } of ended) {
      expect(error).toBeInstanceOf(ForwardError);
      expect(error).toMatchObject({ side: 'from', code: 'ERR_FD_CLOSED' });
    }
    files[Symbol.dispose]();
    await expectDescriptors(before, 'clients that left');
  };

  it('are closed where it is waited for', async () => {
    start({ connect: { retry: true } }, at('late'));
    await leaving();
  });

  it('are closed where its backlog is full', async () => {
    await using child = python(
      `
import signal, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(0)
print('ready', flush=True); signal.pause()
`,
      { args: [at('full')] },
    );
    await child.line();
    const waiting = await connect(at('full'));
    start({}, at('full'));
    await leaving();
    await destroyed(waiting);
  });

  it('are served where they have ended their side only, when it comes', async () => {
    start({ connect: { retry: true } }, at('late'));
    const client = await connect(at('proxy'));
    client.end('early');
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    const late = await listen(at('late'));
    late.on('connection', echoing);
    expect((await bytesOf(client)).toString()).toBe('early');
    await closed(client);
    await until(() => ended.length === 1);
    expect(ended[0]?.error).toBeUndefined();
    await late.close();
  });

  it('are served, with all that they sent, where it is there', async () => {
    const received: string[] = [];
    server.on('connection', (socket) => {
      socket.on('error', () => undefined).on('end', () => socket.end());
      void bytesOf(socket).then((bytes) => received.push(bytes.toString()));
    });
    start();
    for (let count = 0; count < 20; count++) {
      const client = await connect(at('proxy'));
      await client.send('and left');
      client.destroy();
    }
    await until(() => received.length === 20);
    expect(new Set(received)).toEqual(new Set(['and left']));
  });
});

describe('handshake()', () => {
  it('has both sides first, and what it leaves unread is forwarded', async () => {
    server.on('connection', echoing);
    start({
      async handshake(from, to) {
        const { bytes } = await from.receive(2);
        await to.send(`v2${bytes.toString()}`);
        await to.receive(4);
      },
    });
    const client = await connect(at('proxy'));
    using files = new Files(1);
    client.write('v1');
    await client.send('then this', files.numbers);
    const frame = await client.receive(9);
    expect(frame.bytes.toString()).toBe('then this');
    expect(frame.fds).toHaveLength(1);
    frame.close();
    expect(proxying.totals.from.bytes).toBe(9);
    await destroyed(client);
  });

  it('closes both where it fails', async () => {
    const error = new Error('not you');
    server.on('connection', echoing);
    start({ handshake: () => Promise.reject(error) });
    const client = await connect(at('proxy'));
    client
      .on('error', () => undefined)
      .end()
      .resume();
    await closed(client);
    await until(() => ended.length === 1);
    expect(ended[0]?.error).toBe(error);
  });
});

describe('while handshake() waits', () => {
  let failHandshake: (error: Error) => void;
  let shaking: Promise<[FdSocket, FdSocket]>;
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown): number => unhandled.push(error);

  function startWaiting(signal?: AbortSignal): void {
    shaking = new Promise((begun) => {
      start({
        signal,
        handshake: (from, to) => {
          begun([from, to]);
          return new Promise((_resolve, reject) => (failHandshake = reject));
        },
      });
    });
  }

  beforeEach(() => {
    unhandled.length = 0;
    process.on('unhandledRejection', onUnhandled);
    server.on('connection', (socket) => void socket.on('error', () => undefined).resume());
  });
  afterEach(() => void process.off('unhandledRejection', onUnhandled));

  it('aborting closes both sockets at once, and what the handshake does later is ignored', async () => {
    const aborting = new AbortController();
    startWaiting(aborting.signal);
    const client = await connect(at('proxy'));
    const [from, to] = await shaking;
    aborting.abort();
    expect([from.destroyed, to.destroyed]).toEqual([true, true]);
    expect(await settled(proxying)).toMatchObject({ reason: { name: 'AbortError' } });
    expect(ended).toMatchObject([{ error: { name: 'AbortError' } }]);
    failHandshake(new Error('late'));
    await new Promise(setImmediate);
    expect(unhandled).toEqual([]);
    await destroyed(client);
  });

  it('one that aborts and throws at once fails the connection alone', async () => {
    const aborting = new AbortController();
    const error = new Error('at once');
    start({
      signal: aborting.signal,
      handshake: () => {
        aborting.abort();
        throw error;
      },
    });
    const client = await connect(at('proxy'));
    expect(await settled(proxying)).toMatchObject({ reason: { name: 'AbortError' } });
    expect(ended).toMatchObject([{ error }]);
    await new Promise(setImmediate);
    expect(unhandled).toEqual([]);
    await destroyed(client);
  });

  it.each(['from', 'to'] as const)('the end of the connection %s closes the other, too', async (side) => {
    startWaiting();
    const client = await connect(at('proxy'));
    const sockets = await shaking;
    const [gone, other] = side === 'from' ? sockets : [...sockets].reverse();
    gone?.destroy();
    await until(() => ended.length === 1);
    expect(ended).toMatchObject([{ error: { name: 'ForwardError', side, code: 'ERR_FD_CLOSED' } }]);
    expect([other?.destroyed, proxying.connections]).toEqual([true, 0]);
    expect(sockets.map((socket) => socket.listenerCount('close'))).toEqual([0, 0]);
    failHandshake(new Error('late'));
    await new Promise(setImmediate);
    expect(unhandled).toEqual([]);
    await destroyed(client);
  });
});

describe('ending', () => {
  it('goes on with the connections that there are when the listener is closed', async () => {
    server.on('connection', echoing);
    start();
    const client = await connect(at('proxy'));
    await until(() => proxying.connections === 1);
    await listener.close();
    await client.send('still');
    expect((await client.receive(5)).bytes.toString()).toBe('still');
    client.end().resume();
    expect(await settled(proxying)).toMatchObject({ status: 'fulfilled' });
    await closed(client);
  });

  it('closes all when the signal aborts', async () => {
    server.on('connection', echoing);
    const aborting = new AbortController();
    start({ signal: aborting.signal });
    const clients = await Promise.all([connect(at('proxy')), connect(at('proxy'))]);
    await until(() => proxying.connections === 2);
    aborting.abort();
    expect(await settled(proxying)).toMatchObject({ reason: { name: 'AbortError' } });
    expect(listener.listening).toBe(false);
    expect(ended).toMatchObject([{ error: { name: 'AbortError' } }, { error: { name: 'AbortError' } }]);
    for (const client of clients)
      client
        .on('error', () => undefined)
        .end()
        .resume();
    await closed(...clients);
  });

  it('closes those that are still connecting, too', async () => {
    const aborting = new AbortController();
    start({ signal: aborting.signal, connect: { retry: true } }, at('nobody'));
    const client = await connect(at('proxy'));
    await until(() => proxying.connections === 1);
    aborting.abort();
    expect(await settled(proxying)).toMatchObject({ reason: { name: 'AbortError' } });
    await destroyed(client);
  });
});

it.each([
  ['no listener', () => proxy({} as never, at('server'))],
  ['an option that there is not', () => proxy(listener, at('server'), { sees: true } as ProxyOptions)],
  ['what is no function', () => proxy(listener, at('server'), { ended: true } as never)],
  ['what is no address', () => proxy(listener, 5 as never)],
  ['connect options that there are not', () => proxy(listener, at('server'), { connect: { retries: 2 } as never })],
])('refuses %s', async (_what, attempt) => {
  start();
  expect(await codeOf(attempt)).toMatch(/^ERR_INVALID_ARG/);
});
