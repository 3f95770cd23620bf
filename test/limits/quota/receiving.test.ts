import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  AncillaryError,
  type DiagnosticMessages,
  type Discarded,
  FdQuota,
  fds,
  OwnedFd,
} from '../../../packages/ancillary';
import { lengthPrefixed } from '../../../packages/codec';
import { until } from '../../hostile/until';
import { codeOf, nextOf } from '../../socket/sockets';
import { Served } from './served';

// Half of the quota is for whoever comes; a connection alone may have half of what its user may.

const codec = lengthPrefixed();

/** A frame with so many descriptors, all of the same pipe. */
function frame(count: number): { bytes: Uint8Array; fds: readonly number[] } {
  const encoded = codec.encode({ bytes: Buffer.from('x'), fds: Array.from({ length: count }, () => pipe.fd) });
  return { bytes: encoded.bytes, fds: encoded.fds as readonly number[] };
}

let pipe: OwnedFd;
let other: OwnedFd;
beforeEach(() => {
  [pipe, other] = fds.pipe();
});
afterEach(() => OwnedFd.closeAll([pipe, other]));

test('descriptors count from when they came until each is closed or taken, wherever they are meanwhile', async () => {
  await using served = await Served.with(new FdQuota({ fds: 400 }));
  const { socket, client } = await served.connection();
  expect(served.held).toMatchObject({ fds: 1, connections: 1 });
  const frames = socket.frames(codec);
  for (let index = 0; index < 2; index++) {
    const { bytes, fds: sent } = frame(3);
    await client.send(bytes, sent);
  }
  const first = await nextOf(frames);
  await until(() => served.held.fds === 7);
  first.fds[0]?.close();
  expect(served.held.fds).toBe(6);
  const taken = OwnedFd.adopt(first.fds[1]?.take() ?? -1);
  expect(served.held.fds).toBe(5);
  taken.close();
  first.close();
  expect(served.held.fds).toBe(4);
  const second = await nextOf(frames);
  socket.destroy();
  await until(() => served.held.connections === 0);
  expect(served.held.fds).toBe(3);
  second.close();
  expect(served.quota.usage).toMatchObject({ held: { fds: 0, bytes: 0 }, users: [] });
});

test('bytes count while they wait to be taken', async () => {
  await using served = await Served.with(new FdQuota());
  const { socket, client } = await served.connection();
  const frames = socket.frames(codec);
  const waiting = frames.next();
  await client.send(codec.encode({ bytes: Buffer.alloc(1000) }).bytes);
  await waiting;
  expect(served.held.bytes).toBe(0);
  await client.send(codec.encode({ bytes: Buffer.alloc(1000) }).bytes);
  await until(() => served.held.bytes === 1006);
  await frames.next();
  expect(served.held.bytes).toBe(0);
});

test('a connection that holds too much is not read, and is read on as soon as it holds less', async () => {
  await using served = await Served.with(new FdQuota({ fds: 80 }));
  const { socket, client } = await served.connection();
  const held: OwnedFd[] = [];
  let came = 0;
  const reading = socket.forEachFrame((each) => {
    came++;
    held.push(...each.fds);
  }, codec);
  for (let index = 0; index < 60; index++) {
    const { bytes, fds: sent } = frame(1);
    await client.send(bytes, sent);
  }
  await until(() => served.quota.usage.users[0]?.paused === 1);
  expect(came).toBeGreaterThan(10);
  expect(came).toBeLessThan(40);
  expect(socket.destroyed).toBe(false);
  while (came < 60) {
    const before = came;
    OwnedFd.closeAll(held.splice(0));
    await until(() => came > before);
  }
  OwnedFd.closeAll(held);
  client.end();
  await reading;
  expect(socket.stats.fdsClosed).toBe(0);
});

test('a connection that holds little is read beside one of the same user that holds all it may', async () => {
  await using served = await Served.with(new FdQuota({ fds: 80 }));
  const greedy = await served.connection();
  const modest = await served.connection();
  const held: OwnedFd[] = [];
  const keep = greedy.socket.forEachFrame((each) => void held.push(...each.fds), codec);
  for (let index = 0; index < 60; index++) {
    const { bytes, fds: sent } = frame(1);
    await greedy.client.send(bytes, sent);
  }
  await until(() => served.quota.usage.users[0]?.paused === 1);
  const frames = modest.socket.frames(codec);
  for (let index = 0; index < 20; index++) {
    const { bytes, fds: sent } = frame(1);
    await modest.client.send(bytes, sent);
    (await nextOf(frames)).close();
  }
  OwnedFd.closeAll(held);
  greedy.socket.destroy();
  await keep;
  OwnedFd.closeAll(held);
});

describe('a bundle that has come and is too much', () => {
  /** A quota of which half is in use: what comes now may only be somebody's share. */
  async function nearlyFull(options: { onTruncated?: 'error' | 'mark' } = {}): Promise<Served> {
    const served = await Served.with(new FdQuota({ fds: 60 }), options);
    for (let index = 0; index < 20; index++) await served.connection();
    return served;
  }

  test('is closed, and its frame fails with ERR_FD_QUOTA, which says what was closed', async () => {
    await using served = await nearlyFull();
    const { socket, client } = await served.connection();
    const discarded: Discarded[] = [];
    socket.on('discarded', (each) => discarded.push(each));
    const small = frame(1);
    const large = frame(40);
    await client.send(small.bytes, small.fds);
    await client.send(large.bytes, large.fds);
    const frames = socket.frames(codec);
    (await nextOf(frames)).close();
    const failed: unknown = await frames.next().catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(AncillaryError);
    expect(failed).toMatchObject({ code: 'ERR_FD_QUOTA', message: expect.stringContaining('closed') as string });
    expect(discarded).toEqual([{ count: 40, range: expect.anything() as unknown, reason: 'quota' }]);
    expect(socket.destroyed).toBe(true);
    await until(() => served.held.fds === 20);
  });

  test(`with onTruncated 'mark' its frame is handed out without it, and what follows is read`, async () => {
    await using served = await nearlyFull({ onTruncated: 'mark' });
    const { socket, client } = await served.connection();
    const large = frame(40);
    const small = frame(1);
    await client.send(large.bytes, large.fds);
    const frames = socket.frames();
    const marked = await nextOf(frames);
    expect(marked).toMatchObject({ truncated: true, fds: [] });
    await client.send(small.bytes, small.fds);
    const next = await nextOf(frames);
    expect(next).toMatchObject({ truncated: false });
    expect(next.fds).toHaveLength(1);
    next.close();
  });

  test('is ERR_FD_QUOTA also where bytes are read', async () => {
    await using served = await nearlyFull();
    const { socket, client } = await served.connection();
    const failed = new Promise((resolve) => socket.on('error', resolve));
    const large = frame(40);
    await client.send(large.bytes, large.fds);
    socket.resume();
    expect(await codeOf(async () => Promise.reject((await failed) as Error))).toBe('ERR_FD_QUOTA');
  });
});

test('a frame of more bytes than the quota has can be finished, one connection of a user after the other', async () => {
  await using served = await Served.with(new FdQuota({ bytes: 64 * 1024 }));
  const message = Buffer.alloc(300_000, 'm');
  const pairs = [await served.connection(), await served.connection(), await served.connection()];
  const lengths = pairs.map(async ({ socket, client }) => {
    void client.send(codec.encode({ bytes: message }).bytes);
    return (await nextOf(socket.frames(codec))).bytes.length;
  });
  expect(await Promise.all(lengths)).toEqual([300_006, 300_006, 300_006]);
});

test('that a connection is not read for what its user holds is published', async () => {
  await using served = await Served.with(new FdQuota({ fds: 100 }));
  const { socket, client } = await served.connection();
  const reasons: string[] = [];
  const listener = (message: unknown): void => {
    const { socket: of, reason } = message as DiagnosticMessages['ancillary:socket:wait'];
    if (of === socket) reasons.push(reason);
  };
  subscribe('ancillary:socket:wait', listener);
  try {
    const received: OwnedFd[] = [];
    const reading = socket
      .forEachFrame((one) => void received.push(...one.fds.splice(0)), codec)
      .catch(() => undefined);
    for (let index = 0; index < 20; index++) {
      const { bytes, fds: sent } = frame(2);
      await client.send(bytes, sent);
    }
    await until(() => reasons.length > 0);
    expect(reasons).toEqual(['quota']);
    OwnedFd.closeAll(received);
    socket.destroy();
    await reading;
    OwnedFd.closeAll(received);
  } finally {
    unsubscribe('ancillary:socket:wait', listener);
  }
});
