import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Discarded, FdSocket } from '../../packages/stream';
import { bytesOf, closed } from '../socket/sockets';
import { readables } from '../support/readable';
import { quiet, until } from './ends';
import { type Kernel, onEach } from './kernel';
import { kernelsWithFaults } from './kernels';
import { received, SentFiles } from './sent-files';
import { fill, openSockets } from './sockets';

// An FdSocket as a Duplex of bytes, with 'fds' beside them.

/** Notes each 'fds': where in the stream, how many bytes had been handed out by then, and which files. */
function watchFds(
  kernel: Kernel,
  socket: FdSocket,
  handedOut: () => number,
): { at: number; early: boolean; files: string[] }[] {
  const lastByte = kernel.bindings[1].anchor === 'last-byte';
  const seen: { at: number; early: boolean; files: string[] }[] = [];
  socket.on('fds', (frame) => {
    using closing = frame;
    const { start, end } = closing.range;
    seen.push({ at: lastByte ? end - 1 : start, early: handedOut() <= start, files: received(kernel, closing.fds) });
  });
  return seen;
}

onEach(kernelsWithFaults, (test) => {
  test(`'data' brings all bytes, and 'fds' comes before the bytes that the descriptors were sent with`, async (kernel) => {
    using files = new SentFiles(kernel, 3);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const [a = -1, b = -1, c = -1] = files.numbers;
    const [ia, ib, ic] = files.identities;
    let text = '';
    const seen = watchFds(kernel, receiver, () => text.length);
    receiver.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const sends = [sender.send('plain '), sender.send('ONE', [a]), sender.send(' between ')];
    sends.push(sender.send('TWO', [b, c]), sender.send('THREE', [a]), sender.send(' after'));
    sender.end();
    await Promise.all([...sends, once(receiver, 'end')]);
    expect(text).toBe('plain ONE between TWOTHREE after');
    const owner = (at: number): string => ['ONE', 'TWO', 'THREE'].find((word) => isIn(text, word, at)) ?? `byte ${at}`;
    expect(seen.map(({ at, early, files: came }) => [owner(at), early, came])).toEqual([
      ['ONE', true, [ia]],
      ['TWO', true, [ib, ic]],
      ['THREE', true, [ia]],
    ]);
  });

  test(`without a listener for 'fds' descriptors are closed, and 'discarded' says so`, async (kernel) => {
    using files = new SentFiles(kernel, 2);
    using sockets = openSockets(kernel);
    const discarded: Discarded[] = [];
    sockets.receiver.on('discarded', (each) => discarded.push(each));
    const sent = sockets.sender.send('text', files.numbers);
    sockets.sender.end();
    expect((await bytesOf(sockets.receiver)).toString()).toBe('text');
    await sent;
    expect(discarded.map(({ count, reason }) => [count, reason])).toEqual([[2, 'no-listener']]);
    expect(kernel.leftOpen()[1].length).toBeLessThanOrEqual(1);
  });

  test('bytes that come while descriptors wait to be handed out wait behind them', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    let text = '';
    const seen = watchFds(kernel, receiver, () => text.length);
    // It makes the socket read, and takes nothing.
    receiver.on('readable', () => undefined);
    const came = (bytes: number): Promise<void> => until(() => receiver.stats.bytesRead === bytes);
    await sender.send('aaaa');
    await came(4);
    await sender.send('b', files.numbers);
    await came(5);
    await sender.send('ccc');
    await came(8);
    const more = readables(receiver);
    for (let turn = 0; turn < 1_000 && text.length < 8; turn++) {
      const piece = receiver.read() as Buffer | null;
      if (piece === null) await more();
      else text += piece.toString();
    }
    expect(text).toBe('aaaabccc');
    expect(seen).toEqual([{ at: 4, early: true, files: files.identities }]);
  });

  test('read(size) gives exactly so many bytes where there are enough', async (kernel) => {
    using sockets = openSockets(kernel);
    const readable = readables(sockets.receiver);
    await sockets.sender.send('abcdefghij');
    const pieces: string[] = [];
    for (let turn = 0; turn < 1_000 && pieces.length < 3; turn++) {
      const piece = sockets.receiver.read(3) as Buffer | null;
      if (piece === null) await readable();
      else pieces.push(piece.toString());
    }
    expect(pieces).toEqual(['abc', 'def', 'ghi']);
  });

  test('half-close: after end() the other direction goes on until it ends too, and both sockets close', async (kernel) => {
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    sender.end('question');
    expect((await bytesOf(receiver)).toString()).toBe('question');
    expect(receiver.destroyed).toBe(false);
    await receiver.send('answer');
    receiver.end();
    expect((await bytesOf(sender)).toString()).toBe('answer');
    await Promise.all([closed(sender), closed(receiver)]);
    expect([sender.fd, receiver.fd, sender.errored, receiver.errored]).toEqual([-1, -1, null, null]);
  });

  test('a socket closes by itself once the peer is gone and everything was read', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    await sender.send('bye', files.numbers);
    sender.destroy();
    expect((await bytesOf(receiver)).toString()).toBe('bye');
    await closed(receiver);
    expect(receiver.errored).toBeNull();
  });

  test('a socket that has ended closes by itself when the peer goes away, also unread', async (kernel) => {
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    receiver.end();
    await bytesOf(sender);
    expect(receiver.destroyed).toBe(false);
    sender.destroy();
    await closed(receiver);
  });

  test('pipeline() moves a megabyte, and closes', async (kernel) => {
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const chunks = Array.from({ length: 20 }, (_, index) => Buffer.alloc(50_000, index));
    const all = bytesOf(receiver);
    await Promise.all([pipeline(Readable.from(chunks), sender), all.then(() => receiver.end())]);
    expect((await all).equals(Buffer.concat(chunks))).toBe(true);
    await closed(receiver);
  });

  test('while nobody consumes, reading from the kernel stops near highWaterMark', async (kernel) => {
    using sockets = openSockets(kernel, { highWaterMark: 3_000 });
    const { sender, receiver } = sockets;
    const readable = once(receiver, 'readable');
    const filled = fill(sender);
    await readable;
    await quiet();
    expect(receiver.stats.bytesRead).toBeLessThanOrEqual(6_000);
    sender.end();
    expect((await bytesOf(receiver)).length).toBe(filled);
  });
});

function isIn(text: string, word: string, at: number): boolean {
  const start = text.indexOf(word);
  return at >= start && at < start + word.length;
}
