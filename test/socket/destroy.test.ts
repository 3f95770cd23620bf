import { once } from 'node:events';
import {
  AncillaryError,
  type FdFrame,
  type FdSocket,
  fds,
  type OwnedFd,
  raw,
  socketpair,
} from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { closed, codeOf, destroyed, fill, nextOf } from './sockets';

/** A socket whose 'close' events are counted, its peer, and a descriptor to send. */
function setUp(options = {}): { socket: FdSocket; peer: FdSocket; reader: OwnedFd; closes: () => number } {
  const [socket, peer] = socketpair(options);
  const [reader, writer] = fds.pipe();
  writer.close();
  let closes = 0;
  socket.on('close', () => closes++);
  return { socket, peer, reader, closes: () => closes };
}

async function finish({ socket, peer, reader, closes }: ReturnType<typeof setUp>): Promise<void> {
  reader.close();
  socket.destroy();
  await destroyed(socket, peer);
  expect(closes()).toBe(1);
}

it('destroy() right away emits close once', async () => {
  const world = setUp();
  world.socket.destroy();
  world.socket.destroy();
  await finish(world);
});

it('destroy() inside a frame closes the descriptors that came so far and ends the loop', async () => {
  const world = setUp();
  const codec = lengthPrefixed();
  const { bytes } = codec.encode({ bytes: Buffer.alloc(100_000), fds: [world.reader] });
  await world.peer.send(bytes.subarray(0, 20), [world.reader]);
  const discarded = once(world.socket, 'discarded');
  const next = world.socket.frames(codec).next();
  expect((await received(world.socket, 1)).fdsReceived).toBe(1);
  world.socket.destroy();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(await discarded).toEqual([{ count: 1, range: { start: 0, end: 20 }, reason: 'destroyed' }]);
  expect(world.socket.stats.fdsClosed).toBe(1);
  await finish(world);
});

it('destroy(error) inside a frame rejects with that error and crashes nobody', async () => {
  const world = setUp();
  const reason = new Error('mine');
  const next = world.socket.frames(lengthPrefixed()).next();
  world.socket.destroy(reason);
  await expect(next).rejects.toBe(reason);
  await finish(world);
});

it('destroy(error) between two next() is told by the following one', async () => {
  const world = setUp();
  const reason = new Error('mine');
  const frames = world.socket.frames();
  await world.peer.send('x');
  await frames.next();
  world.socket.destroy(reason);
  await expect(frames.next()).rejects.toBe(reason);
  expect(await frames.next()).toEqual({ done: true, value: undefined });
  await finish(world);
});

it(`destroy(error) that nobody was told emits 'error'`, async () => {
  const world = setUp();
  const reason = new Error('mine');
  const error = once(world.socket, 'error');
  world.socket.destroy(reason);
  expect(await error).toEqual([reason]);
  await finish(world);
});

it('destroy() with writes and sends pending settles all of them and closes what they held', async () => {
  const world = setUp();
  fill(world.socket);
  let written: Error | null | undefined;
  world.socket.write('later', (error) => (written = error));
  const sends = [
    world.socket.send('a', [world.reader]),
    world.socket.send('b'),
    world.socket.send('c', [fds.dup(world.reader)], { transfer: true }),
  ];
  world.socket.destroy();
  const results = await Promise.allSettled(sends);
  for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_FD_CLOSED' } });
  await closed(world.socket);
  expect(written).toBeInstanceOf(Error);
  await finish(world);
});

it('destroy() while receive() waits rejects it with ERR_FD_CLOSED', async () => {
  const world = setUp();
  const waiting = world.socket.receive(4);
  world.socket.destroy();
  expect(await codeOf(() => waiting)).toBe('ERR_FD_CLOSED');
  expect(await codeOf(() => world.socket.receive(1))).toBe('ERR_FD_CLOSED');
  expect(await codeOf(() => world.socket.send('x'))).toBe('ERR_FD_CLOSED');
  await finish(world);
});

it.each(['fds', 'data'] as const)(`destroy() inside a '%s' listener is the end of it`, async (event) => {
  const world = setUp();
  const seen: string[] = [];
  world.socket.on('fds', (frame: FdFrame) => {
    seen.push('fds');
    frame.close();
    if (event === 'fds') world.socket.destroy();
  });
  world.socket.on('data', () => {
    seen.push('data');
    if (event === 'data') world.socket.destroy();
  });
  // In one go, so that one wake-up brings both.
  raw.sendMessage(world.peer, Buffer.from('one'), [world.reader]);
  raw.sendMessage(world.peer, Buffer.from('two'), [world.reader]);
  await closed(world.socket);
  expect(seen).toEqual(event === 'fds' ? ['fds'] : ['fds', 'data']);
  await finish(world);
});

it('destroy() inside a frames() loop ends it and closes the frames nobody took', async () => {
  const world = setUp();
  for (const byte of 'abc') raw.sendMessage(world.peer, Buffer.from(byte), [world.reader]);
  let frames = 0;
  for await (const frame of world.socket.frames()) {
    frame.close();
    frames++;
    world.socket.destroy();
  }
  expect(frames).toBe(1);
  expect(world.socket.stats).toMatchObject({ fdsReceived: 3, fdsClosed: 2 });
  await finish(world);
});

it('a peer that goes away fails pending sends with EPIPE and destroys the socket, crashing nobody', async () => {
  const world = setUp();
  fill(world.socket);
  const errors: unknown[] = [];
  world.socket.on('error', (error) => errors.push(error));
  const sent = world.socket.send('x', [world.reader]);
  world.peer.destroy();
  expect(await codeOf(() => sent)).toBe('EPIPE');
  await closed(world.socket);
  expect(errors).toEqual([expect.objectContaining({ code: 'EPIPE', syscall: 'sendmsg' })]);
  await finish(world);
});

it('ECONNRESET after the peer closed with unread bytes comes behind what it had sent', async () => {
  const world = setUp();
  await world.socket.send('never read');
  await world.peer.send('last words', [world.reader]);
  world.peer.destroy();
  const frames = world.socket.frames();
  const frame = await nextOf(frames);
  expect(frame.bytes.toString()).toBe('last words');
  frame.close();
  await expect(frames.next()).rejects.toMatchObject({ code: 'ECONNRESET', syscall: 'recvmsg' });
  await closed(world.socket);
  await finish(world);
});

it('one reason is given to everyone who waits', async () => {
  const world = setUp();
  fill(world.socket);
  world.socket.on('error', () => undefined);
  const reason = new AncillaryError('ERR_FD_REFUSED', 'enough');
  const waiting = [world.socket.send('x'), world.socket.send('y', [world.reader]), world.socket.receive(1)];
  world.socket.destroy(reason);
  for (const each of waiting) await expect(each).rejects.toBe(reason);
  await expect(world.socket.send('z')).rejects.toBe(reason);
  await finish(world);
});

/** Resolves with the totals once so many descriptors were received. */
async function received(socket: FdSocket, count: number): Promise<FdSocket['stats']> {
  for (let turn = 0; turn < 1_000_000 && socket.stats.fdsReceived < count; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return socket.stats;
}
