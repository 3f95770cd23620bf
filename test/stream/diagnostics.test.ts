import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connect, type DiagnosticMessages, fds, type FdSocket, listen, socketpair } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { identity } from '../support/descriptors';
import { closed } from '../support/peer';
import { until } from '../hostile/until';

let directory: string;
let where: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ancillary-test-'));
  where = path.join(directory, 'socket');
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

type Name = keyof DiagnosticMessages;

const NAMES: Record<Name, true> = {
  'ancillary:socket:open': true,
  'ancillary:socket:close': true,
  'ancillary:socket:segment': true,
  'ancillary:socket:wait': true,
  'ancillary:frame:receive': true,
  'ancillary:frame:send': true,
  'ancillary:fds:discard': true,
  'ancillary:server:connection': true,
  'ancillary:server:refuse': true,
  'ancillary:server:drop': true,
};

type Seen = { [N in Name]: DiagnosticMessages[N][] };

/** Subscribes to all channels for as long as something runs. */
async function observed(run: (seen: Seen) => Promise<void>): Promise<void> {
  const names = Object.keys(NAMES) as Name[];
  const seen = Object.fromEntries(names.map((name) => [name, [] as unknown[]])) as unknown as Seen;
  const subscriptions = names.map((name) => {
    const add = (message: unknown): void => void (seen[name] as unknown[]).push(message);
    subscribe(name, add);
    return () => unsubscribe(name, add);
  });
  try {
    await run(seen);
  } finally {
    for (const end of subscriptions) end();
  }
}

it('publishes connections, segments and frames of both ends', () =>
  observed(async (seen) => {
    using memory = fds.memfd('x');
    await using server = await listen(where);
    const accepted = once(server, 'connection') as Promise<[FdSocket]>;
    const client = await connect(where);
    const [connection] = await accepted;
    expect(seen['ancillary:server:connection']).toEqual([{ server, socket: connection }]);
    expect(seen['ancillary:socket:open'].map(({ socket }) => socket)).toEqual(
      expect.arrayContaining([client, connection]),
    );

    const codec = lengthPrefixed();
    const { bytes, fds: sent } = codec.encode({ bytes: Buffer.from('hello'), fds: [memory] });
    await client.send(bytes, sent);
    const frames = connection.frames(codec);
    const frame = await frames.next();
    expect(seen['ancillary:frame:send']).toEqual([{ socket: client, bytes: bytes.length, fds: 1 }]);
    expect(seen['ancillary:socket:segment']).toEqual([
      { socket: connection, bytes: bytes.length, fds: 1, truncated: false },
    ]);
    const [received] = seen['ancillary:frame:receive'];
    expect(received?.socket).toBe(connection);
    expect(received?.frame.bytes).toEqual(Buffer.from(bytes));
    if (frame.done === true) throw new Error('the stream has ended');
    for (const fd of frame.value.fds) {
      expect(identity(fd.fd)).toBe(identity(memory.fd));
      fd.close();
    }
    const failure = new Error('enough');
    client.on('error', () => undefined).destroy(failure);
    expect(await frames.next()).toMatchObject({ done: true });
    await closed(connection);
    expect(seen['ancillary:socket:close']).toEqual([
      { socket: client, error: failure },
      { socket: connection, error: undefined },
    ]);
  }));

it('publishes why received descriptors were closed', () =>
  observed(async (seen) => {
    using memory = fds.memfd('x');
    const [left, right] = socketpair();
    await left.send('x', [memory]);
    const stats = once(right.resume(), 'discarded');
    await stats;
    expect(seen['ancillary:fds:discard']).toEqual([
      { socket: right, count: 1, range: { start: 0, end: 1 }, reason: 'no-listener' },
    ]);
    await closed(left, right);
  }));

it('publishes what sending and reading wait for', () =>
  observed(async (seen) => {
    const [left, right] = socketpair();
    const reasons = (of: FdSocket): string[] =>
      seen['ancillary:socket:wait'].filter(({ socket }) => socket === of).map(({ reason }) => reason);
    right.once('readable', () => undefined);
    for (let sent = 0; sent < 64; sent++) left.send(Buffer.alloc(64 * 1024)).catch(() => undefined);
    await until(() => reasons(left).length > 0 && reasons(right).length > 0);
    expect(new Set(reasons(left))).toEqual(new Set(['room']));
    expect(new Set(reasons(right))).toEqual(new Set(['consumer']));
    await closed(left, right);
  }));

it('publishes connections that a server does not let in, and counts all', () =>
  observed(async (seen) => {
    let letIn = true;
    await using server = await listen(where, { authorize: () => letIn });
    server.on('connection', (socket) => socket.resume());
    const first = await connect(where);
    first.write('12345');
    await until(() => server.stats.bytesRead === 5);
    letIn = false;
    const second = await connect(where);
    await once(second.resume(), 'close');
    expect(seen['ancillary:server:refuse']).toEqual([
      {
        server,
        error: expect.objectContaining({ code: 'ERR_UNAUTHORIZED' }) as Error,
        peer: expect.objectContaining({ pid: process.pid }) as object,
      },
    ]);
    server.maxConnections = 1;
    const third = await connect(where);
    await once(third.resume(), 'close');
    expect(seen['ancillary:server:drop']).toEqual([{ server }]);
    expect(server.stats).toMatchObject({ accepted: 1, open: 1, refused: 1, dropped: 1, bytesRead: 5, fdsReceived: 0 });
    await closed(first);
    await until(() => server.stats.open === 0);
    expect(server.stats).toMatchObject({ accepted: 1, open: 0, bytesRead: 5 });
  }));

it('publishes what is asked for and nothing else', async () => {
  const segments: unknown[] = [];
  const add = (message: unknown): void => void segments.push(message);
  subscribe('ancillary:socket:segment', add);
  const [left, right] = socketpair();
  await left.send('a');
  (await right.receive(1)).close();
  unsubscribe('ancillary:socket:segment', add);
  await left.send('b');
  (await right.receive(1)).close();
  expect(segments).toEqual([{ socket: right, bytes: 1, fds: 0, truncated: false }]);
  await closed(left, right);
});

it('a frame that was taken reaches its reader though a subscriber destroys the socket, and then the error', async () => {
  using memory = fds.memfd('x');
  const codec = lengthPrefixed();
  const [left, right] = socketpair();
  right.on('error', () => undefined);
  const { bytes, fds: sent } = codec.encode({ bytes: Buffer.from('x'), fds: [memory] });
  await left.send(bytes, sent);
  await left.send(bytes, sent);
  const frames = right.frames(codec);
  const first = await frames.next();
  const destroy = ({ socket }: DiagnosticMessages['ancillary:frame:receive']): void =>
    void socket.destroy(new Error('enough'));
  const listener = destroy as (message: unknown) => void;
  subscribe('ancillary:frame:receive', listener);
  // It waits already, so it is taken while its reader asks.
  const second = await frames.next();
  unsubscribe('ancillary:frame:receive', listener);
  await expect(frames.next()).rejects.toThrow('enough');
  for (const frame of [first, second]) {
    if (frame.done === true) throw new Error('the stream has ended');
    const [received] = frame.value.fds;
    expect(identity(received?.fd ?? -1)).toBe(identity(memory.fd));
    received?.close();
  }
  await closed(left, right);
});
