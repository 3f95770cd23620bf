import { once } from 'node:events';
import { type FdSocket, fds, OwnedFd, raw, socketpair } from '../../packages/ancillary';
import { bytesOf, destroyed, fill } from '../socket/sockets';

// Bytes are borrowed until they are sent. Those whose memory is another thread's by then are told of, and the frames
// around them arrive.

let left: FdSocket;
let right: FdSocket;
beforeEach(() => {
  [left, right] = socketpair();
});
afterEach(() => destroyed(left, right));

function transferAway(bytes: Uint8Array<ArrayBuffer>): void {
  structuredClone(bytes, { transfer: [bytes.buffer] });
}

/** Bytes with memory of their own. */
const own = (): Uint8Array<ArrayBuffer> => new Uint8Array(1_000);

it.each([
  ['send()', (bytes: Uint8Array) => left.send(bytes)],
  ['writeFds()', (bytes: Uint8Array) => new Promise((resolve) => left.writeFds(bytes, [], resolve))],
])('%s of bytes that are gone already is a TypeError, and nothing is sent', async (_name, send) => {
  const bytes = own();
  transferAway(bytes);
  const failure = await Promise.resolve()
    .then(() => send(bytes))
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
  await left.send('');
  await left.send('next');
  expect((await right.receive(4)).bytes.toString()).toBe('next');
});

it('and its descriptors stay open, also with transfer', async () => {
  using memfd = fds.memfd('kept');
  const bytes = own();
  transferAway(bytes);
  await expect(left.send(bytes, [memfd], { transfer: true })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  expect(memfd.closed).toBe(false);
});

/** Fills the kernel's buffer alone. */
function fillKernel(socket: FdSocket): number {
  let length = 0;
  expect(() => {
    for (let count = 0; count < 10_000; count++) length += raw.sendMessage(socket, Buffer.alloc(1_000));
  }).toThrow('EAGAIN');
  return length;
}

it.each([
  ['the first in the queue', fillKernel],
  ['behind chunks that the Writable holds', fill],
  ['corked', () => (left.cork(), left.write('1234'), process.nextTick(() => left.uncork()), 4)],
])('send() whose bytes go while it waits, %s, fails alone', async (_where, wait) => {
  const filled = wait(left);
  const owned = fds.memfd('transferred');
  const bytes = own();
  const sends = [left.send('A'), left.send(bytes, [owned], { transfer: true }), left.send('B')];
  transferAway(bytes);
  const reading = bytesOf(right);
  const outcomes = await Promise.allSettled(sends);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(outcomes[1]).toMatchObject({ reason: { code: 'ERR_INVALID_STATE' } });
  expect(owned.closed).toBe(true);
  left.end();
  expect((await reading).toString('latin1', filled)).toBe('AB');
});

it('send() whose bytes go within the turn that gathers it fails alone', async () => {
  const bytes = own();
  const sends = [left.send('A'), left.send(bytes), left.send('B')];
  transferAway(bytes);
  const outcomes = await Promise.allSettled(sends);
  expect(outcomes[1]).toMatchObject({ reason: { code: 'ERR_INVALID_STATE' } });
  expect((await right.receive(2)).bytes.toString()).toBe('AB');
});

it('writeFds() whose bytes go while they wait is the end of the stream, and nothing behind it is sent', async () => {
  const filled = fill(left);
  const owned = [fds.memfd('a'), fds.memfd('b')];
  const bytes = own();
  left.write('A');
  const told = new Promise((resolve) => left.writeFds(bytes, owned.slice(0, 1), { transfer: true }, resolve));
  left.writeFds('B', owned.slice(1), { transfer: true });
  transferAway(bytes);
  const errored = once(left, 'error');
  const reading = bytesOf(right);
  expect(await told).toMatchObject({ code: 'ERR_INVALID_STATE' });
  expect(await errored).toMatchObject([{ code: 'ERR_INVALID_STATE' }]);
  expect((await reading).toString('latin1', filled)).toBe('A');
  expect(owned.map(({ closed: isClosed }) => isClosed)).toEqual([true, true]);
  OwnedFd.closeAll(owned);
});
