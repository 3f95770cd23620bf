import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fds, socketpair } from '../../packages/ancillary';
import { identity } from '../support/descriptors';
import { bytesOf, closed, destroyed, fill } from './sockets';

const CHUNK = Buffer.alloc(50_000, 'x');

/**
 * Resolves when sockets that have something to read, and may read it, were woken several times: another socket was, for
 * what was sent to it later.
 */
async function wokenAgain(): Promise<void> {
  const [near, far] = socketpair();
  for (let time = 0; time < 10; time++) {
    await near.send('x');
    await far.receive(1);
    // One wake-up reads all that is sent in the meantime.
    await nextTurn();
  }
  await destroyed(near, far);
}

it('is a Duplex: what is written at one end is read at the other, both ways', async () => {
  const [left, right] = socketpair();
  left.end('from left');
  right.end('from right');
  expect((await bytesOf(right)).toString()).toBe('from left');
  expect((await bytesOf(left)).toString()).toBe('from right');
  await Promise.all([closed(left), closed(right)]);
});

it('write() returns false when enough waits, and drain comes when the peer has read', async () => {
  const [left, right] = socketpair();
  const written = fill(left);
  expect(left.writableNeedDrain).toBe(true);
  const reading = bytesOf(right);
  await once(left, 'drain');
  left.end();
  expect((await reading).length).toBe(written);
  await destroyed(left, right);
});

it('stops reading from the kernel while nobody consumes', async () => {
  const [left, right] = socketpair({ highWaterMark: 10_000 });
  right.on('readable', () => undefined);
  await left.send(Buffer.alloc(10_000));
  await once(right, 'readable');
  // More than both kernel buffers and ours hold.
  for (let count = 0; count < 20; count++) left.write(CHUNK);
  await wokenAgain();
  expect(left.writableLength).toBeGreaterThan(0);
  expect(right.stats.bytesRead).toBeLessThanOrEqual(20_000);
  await destroyed(left, right);
});

it('end() sends what is queued before the peer sees the end', async () => {
  const [left, right] = socketpair();
  const written = fill(left);
  left.end('last');
  const received = await bytesOf(right);
  expect(received.length).toBe(written + 4);
  expect(received.subarray(-4).toString()).toBe('last');
  await destroyed(left, right);
});

it('half-close: after end() the other direction goes on', async () => {
  const [left, right] = socketpair();
  left.end('question');
  expect((await bytesOf(right)).toString()).toBe('question');
  await right.send('answer');
  right.end();
  expect((await bytesOf(left)).toString()).toBe('answer');
  await Promise.all([closed(left), closed(right)]);
});

it('closes by itself once the peer is gone and everything was read', async () => {
  const [left, right] = socketpair();
  await left.send('bye');
  left.destroy();
  expect((await bytesOf(right)).toString()).toBe('bye');
  await closed(right);
  expect(right.errored).toBeNull();
});

it('closes by itself when a peer that had half-closed goes away', async () => {
  const [left, right] = socketpair();
  left.end();
  await bytesOf(right);
  expect(right.destroyed).toBe(false);
  left.destroy();
  await closed(right);
});

it('pipeline() moves a megabyte through and closes', async () => {
  const [left, right] = socketpair();
  const source = Readable.from(Array.from({ length: 20 }, () => CHUNK));
  const received = bytesOf(right);
  await Promise.all([pipeline(source, left), received.then(() => right.end())]);
  expect((await received).length).toBe(20 * CHUNK.length);
  await closed(right);
  left.destroy();
  await closed(left);
});

it('keeps send() and write() in order, also behind chunks that the Writable holds', async () => {
  const [left, right] = socketpair();
  const [reader, writer] = fds.pipe();
  const wanted = identity(reader.fd);
  const before = fill(left);
  left.write('A');
  const sent = left.send('B', [reader]);
  left.write('C');
  left.cork();
  left.write('D');
  const last = left.send('E');
  left.uncork();
  left.end();
  reader.close();

  const seen: string[] = [];
  let at = -1;
  let length = 0;
  right.on('fds', (frame) => {
    at = frame.range.end;
    seen.push(...frame.fds.map((fd) => identity(fd.fd)));
    frame.close();
  });
  let tail = '';
  for await (const chunk of right) {
    length += (chunk as Buffer).length;
    tail = (tail + String(chunk)).slice(-5);
  }
  expect(tail).toBe('ABCDE');
  expect(length).toBe(before + 5);
  expect(seen).toEqual([wanted]);
  // Its window ends with the byte it rides on.
  expect(at).toBe(before + 2);
  await Promise.all([sent, last]);
  writer.close();
  await destroyed(left, right);
});

it('unref() lets the loop end and ref() keeps it; both return the socket', async () => {
  const [left, right] = socketpair();
  expect(left.unref()).toBe(left);
  expect(left.ref()).toBe(left);
  await destroyed(left, right);
});

it('counts what went through', async () => {
  const [left, right] = socketpair();
  const [reader, writer] = fds.pipe();
  await left.send('12345', [reader, writer]);
  const frame = await right.receive(5);
  frame.close();
  expect(left.stats).toMatchObject({ bytesWritten: 5, fdsSent: 2, framesSent: 1, bytesRead: 0 });
  expect(right.stats).toMatchObject({ bytesRead: 5, fdsReceived: 2, framesReceived: 1, fdsClosed: 0 });
  reader.close();
  writer.close();
  await destroyed(left, right);
});

it('tells who the peer is, and its own descriptor until it is destroyed', async () => {
  const [left, right] = socketpair();
  expect(left.peerCredentials).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
  expect(left.fd).toBeGreaterThanOrEqual(0);
  await destroyed(left, right);
  expect(left.fd).toBe(-1);
  expect(() => left.peerCredentials).toThrow(expect.objectContaining({ code: 'ERR_FD_CLOSED' }) as Error);
});

it('reads no further than highWaterMark once it is paused, whatever was allowed while bytes flowed', async () => {
  const [sender, receiver] = socketpair({ highWaterMark: 1024 });
  const chunks: Buffer[] = [];
  receiver.on('data', (chunk: Buffer) => chunks.push(chunk));
  await sender.send('flows');
  while (chunks.length === 0) await nextTurn();
  receiver.pause();
  const sent = sender.send(Buffer.alloc(100_000));
  while (receiver.readableLength < 1024) await nextTurn();
  await wokenAgain();
  expect(receiver.readableLength).toBe(1024);
  expect(receiver.stats.bytesRead - 'flows'.length).toBe(1024);
  receiver.resume();
  await sent;
  while (receiver.stats.bytesRead < 100_005) await nextTurn();
  expect(Buffer.concat(chunks)).toHaveLength(100_005);
  await destroyed(sender, receiver);
});

it("reads no further than highWaterMark once it is read by 'readable', whatever was allowed while bytes flowed", async () => {
  const [sender, receiver] = socketpair({ highWaterMark: 1024 });
  let flowed = 0;
  receiver.on('data', (chunk: Buffer) => (flowed += chunk.length));
  await sender.send('flows');
  while (flowed === 0) await nextTurn();
  receiver.on('readable', () => undefined);
  const sent = sender.send(Buffer.alloc(100_000)).catch(() => undefined);
  while (receiver.stats.bytesRead === flowed) await nextTurn();
  await wokenAgain();
  // Node asks for one more when it first has something.
  expect(receiver.stats.bytesRead - flowed).toBeLessThanOrEqual(2 * 1024);
  receiver.destroy();
  await sent;
  await destroyed(sender, receiver);
});
