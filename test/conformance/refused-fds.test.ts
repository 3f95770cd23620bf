import { lengthPrefixed } from '../../packages/codec';
import { type Discarded, FdSocket, type FdSocketOptions } from '../../packages/stream';
import { codeOf, nextOf } from '../socket/sockets';
import { kernelRefusesFds } from '../support/pass-rights';
import { quiet, until } from './ends';
import { type Kernel, onEach } from './kernel';
import { kernelsWithFaults, linux } from './kernels';
import { SentFiles } from './sent-files';
import { take } from './sockets';

// receiveFds: false. Where the kernel has SO_PASSRIGHTS (docs/kernel.md 21), what was sent before still arrives.

type Sent = readonly [bytes: string, count: number];

interface Refusing extends Disposable {
  readonly sender: FdSocket;
  readonly receiver: FdSocket;
  readonly discarded: Discarded[];
}

/** A socket that refuses descriptors after these were sent. */
async function refusing(
  kernel: Kernel,
  files: SentFiles,
  sent: readonly Sent[],
  options?: FdSocketOptions,
): Promise<Refusing> {
  const [a, b] = kernel.socketpair();
  const sender = FdSocket.wrap(kernel.bindings[0], a);
  for (const [bytes, count] of sent) await sender.send(Buffer.from(bytes, 'latin1'), files.numbers.slice(0, count));
  const receiver = FdSocket.wrap(kernel.bindings[1], b, { receiveFds: false, ...options });
  const discarded: Discarded[] = [];
  receiver.on('discarded', (each) => discarded.push(each));
  return {
    sender,
    receiver,
    discarded,
    [Symbol.dispose]() {
      sender.destroy();
      receiver.destroy();
    },
  };
}

const SENT: readonly Sent[] = [
  ['ab', 0],
  ['cd', 2],
  ['ef', 3],
  ['gh', 0],
];

async function expectAllRefused({ receiver, discarded }: Refusing): Promise<void> {
  await until(() => discarded.length === 2);
  await quiet();
  const { fdsReceived, fdsClosed } = receiver.stats;
  expect([fdsReceived, fdsClosed]).toEqual([5, 5]);
  expect(discarded.map(({ count, reason }) => [count, reason])).toEqual([
    [2, 'refused'],
    [3, 'refused'],
  ]);
  expect(receiver.destroyed).toBe(false);
}

onEach(kernelsWithFaults, (test) => {
  test('bytes come as they were sent, and descriptors are closed, counted and reported', async (kernel) => {
    using files = new SentFiles(kernel, 3);
    using sockets = await refusing(kernel, files, SENT);
    const chunks: Buffer[] = [];
    const fds: unknown[] = [];
    sockets.receiver.on('fds', (frame) => fds.push(frame)).on('data', (chunk: Buffer) => chunks.push(chunk));
    await until(() => Buffer.concat(chunks).length === 8);
    expect(Buffer.concat(chunks).toString()).toBe('abcdefgh');
    expect([fds, sockets.receiver.takeFds()]).toEqual([[], []]);
    await expectAllRefused(sockets);
    // Where the bytes were that they came with: on Linux with these or some in front, elsewhere with some behind.
    for (const { range } of sockets.discarded) expect(range.start < 6 && range.end > 2).toBe(true);
  });

  test('frames come without them, whole and not in doubt', async (kernel) => {
    using files = new SentFiles(kernel, 3);
    const attached = lengthPrefixed({ lengthBytes: 1, countBytes: 0, maxLength: 9 });
    using sockets = await refusing(kernel, files, [
      ['\x01a\x01', 2],
      ['b\x01c', 3],
    ]);
    const frames = sockets.receiver.frames(attached);
    for (const text of ['\x01a', '\x01b', '\x01c']) {
      const frame = await nextOf(frames);
      expect([frame.truncated, frame.ambiguous]).toEqual([false, false]);
      expect(take(kernel, frame)).toEqual([text, []]);
    }
    await expectAllRefused(sockets);
  });

  test('receive() has the bytes alone', async (kernel) => {
    using files = new SentFiles(kernel, 3);
    using sockets = await refusing(kernel, files, SENT);
    expect(take(kernel, await sockets.receiver.receive(5))).toEqual(['abcde', []]);
    expect(take(kernel, await sockets.receiver.receive(3))).toEqual(['fgh', []]);
    await expectAllRefused(sockets);
  });

  test('onread has the bytes alone', async (kernel) => {
    using files = new SentFiles(kernel, 3);
    let seen = '';
    const onread: FdSocketOptions['onread'] = {
      buffer: Buffer.alloc(3),
      callback: (count, buffer, fds) => {
        seen += buffer.toString('latin1', 0, count) + '!'.repeat(fds.length);
        return true;
      },
    };
    using sockets = await refusing(kernel, files, SENT, { onread });
    await until(() => seen.length >= 8);
    expect(seen).toBe('abcdefgh');
    await expectAllRefused(sockets);
  });

  test('a message that declares descriptors is not whole without them: ERR_FD_MISSING', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = await refusing(kernel, files, [['\x01\x01x', 1]]);
    const counted = lengthPrefixed({ lengthBytes: 1, countBytes: 1, maxLength: 9 });
    expect(await codeOf(() => sockets.receiver.frames(counted).next())).toBe('ERR_FD_MISSING');
  });

  test('more than the limits allow neither end nor pause it', async (kernel) => {
    using files = new SentFiles(kernel, 9);
    const many = Array.from({ length: 20 }, (): Sent => ['x', 9]);
    using sockets = await refusing(kernel, files, many, { maxFdsPerFrame: 0, maxQueuedFds: 1 });
    expect(take(kernel, await sockets.receiver.receive(20))).toEqual(['x'.repeat(20), []]);
    await until(() => sockets.receiver.stats.fdsClosed === 180);
    await quiet();
    expect(sockets.receiver.stats).toMatchObject({ fdsReceived: 180, fdsClosed: 180 });
  });

  test('those that the kernel drops for want of numbers are no truncation', async (kernel) => {
    using files = new SentFiles(kernel, 6);
    using sockets = await refusing(kernel, files, [
      ['ab', 6],
      ['cd', 0],
    ]);
    const frame = await kernel.withFreeNumbers(2, 1, () => sockets.receiver.receive(4));
    expect(frame.truncated).toBe(false);
    expect(take(kernel, frame)).toEqual(['abcd', []]);
    await quiet();
    expect(sockets.receiver.stats.fdsClosed).toBe(sockets.receiver.stats.fdsReceived);
  });
});

onEach(linux, (test) => {
  test('the peer learns: EPERM for its frame alone, and plain bytes pass; the other direction has descriptors', async (kernel) => {
    using files = new SentFiles(kernel, 2);
    using sockets = await refusing(kernel, files, []);
    const refused = await codeOf(() => sockets.sender.send('x', files.numbers)).catch(() => 'sent');
    // Models have the option, and a real kernel perhaps.
    expect(['EPERM', kernelRefusesFds() ? 'EPERM' : 'sent']).toContain(refused);
    await sockets.sender.send('plain');
    const text = refused === 'sent' ? 'xplain' : 'plain';
    expect(take(kernel, await sockets.receiver.receive(text.length))).toEqual([text, []]);
    using back = kernel.open(1);
    await sockets.receiver.send('y', [back]);
    const frame = await sockets.sender.receive(1);
    expect(frame.fds).toHaveLength(1);
    frame.close();
    const came = refused === 'sent' ? 2 : 0;
    expect(sockets.receiver.stats).toMatchObject({ fdsReceived: came, fdsClosed: came, fdsSent: 1 });
  });
});
