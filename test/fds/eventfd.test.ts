import { once } from 'node:events';
import fs from 'node:fs';
import { endianness } from 'node:os';
import { fds, socketpair } from '../../packages/ancillary';
import { identity } from '../support/descriptors';
import { closed } from '../support/peer';

/** A count as it is written and read: 8 bytes in the order of the machine. */
function count(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  if (endianness() === 'LE') bytes.writeBigUInt64LE(value);
  else bytes.writeBigUInt64BE(value);
  return bytes;
}

function read(fd: number): Buffer {
  const bytes = Buffer.alloc(8);
  fs.readSync(fd, bytes);
  return bytes;
}

const refused = (code: string): Error => expect.objectContaining({ code }) as Error;

it('counts what is written to it, and reading takes all of it', () => {
  using eventfd = fds.eventfd(3);
  fs.writeSync(eventfd.fd, count(4n));
  expect(read(eventfd.fd)).toEqual(count(7n));
});

it('begins at 0 where nothing is said, and up to 2^32 - 1', () => {
  using none = fds.eventfd(undefined, { nonBlocking: true });
  expect(() => read(none.fd)).toThrow(refused('EAGAIN'));
  using most = fds.eventfd(0xffff_ffff);
  expect(read(most.fd)).toEqual(count(0xffff_ffffn));
});

it('as a semaphore each reading takes 1', () => {
  using semaphore = fds.eventfd(2, { semaphore: true, nonBlocking: true });
  expect([read(semaphore.fd), read(semaphore.fd)]).toEqual([count(1n), count(1n)]);
  expect(() => read(semaphore.fd)).toThrow(refused('EAGAIN'));
});

it('is described as what it is, and is close-on-exec', () => {
  using eventfd = fds.eventfd();
  expect(fds.describeFd(eventfd)).toMatchObject({ kind: 'eventfd', access: 'read-write' });
  const flags = /^flags:\s+(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${eventfd.fd}`, 'latin1'))?.[1] ?? '0';
  expect((parseInt(flags, 8) & 0o2000000) !== 0).toBe(true);
});

it('counts for whoever received it, and a stream of it waits for each count', async () => {
  const [left, right] = socketpair();
  using eventfd = fds.eventfd();
  await left.send('x', [eventfd]);
  const received = (await right.receive(1)).fds[0];
  if (received === undefined) throw new Error('no descriptor came');
  // All have the same inode, and a count of their own.
  expect(identity(received.fd)).toBe(identity(eventfd.fd));
  const stream = fds.toReadStream(received);
  for (const value of [1n, 5n]) {
    const counted = once(stream, 'data');
    fs.writeSync(eventfd.fd, count(value));
    expect(await counted).toEqual([count(value)]);
  }
  stream.destroy();
  await once(stream, 'close');
  await closed(left, right);
});

it('a stream writes to it', async () => {
  using eventfd = fds.eventfd();
  const stream = fds.toWriteStream(eventfd.dup());
  stream.write(count(2n));
  stream.end(count(3n));
  await once(stream, 'close');
  expect(read(eventfd.fd)).toEqual(count(5n));
});

it.each([-1, 1.5, 2 ** 32, NaN, '3'])('an initial count of %p is refused', (initial) => {
  expect(() => fds.eventfd(initial as number)).toThrow(
    refused(typeof initial === 'number' ? 'ERR_OUT_OF_RANGE' : 'ERR_INVALID_ARG_TYPE'),
  );
});

it.each([{ semaphore: 1 }, { nonBlocking: 'yes' }, { nonblocking: true }, true])(
  'the options %p are refused',
  (options) => {
    expect(() => fds.eventfd(0, options as object)).toThrow(TypeError);
  },
);
