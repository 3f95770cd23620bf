import { arrivals, type End, type Ends, openEnd, openEnds, part, quiet, until } from './ends';
import { onEach } from './kernel';
import { kernels, linux } from './kernels';
import { notOpen } from './sent-files';

// send() and what it answers, watchWritable(), shutdown().

/** Sends until the socket is full. Returns the bytes accepted. */
function fill({ socket }: End): number {
  const bytes = Buffer.alloc(4096, '.');
  let total = 0;
  for (let count = 0; count < 1_000; count++) {
    const { accepted, error } = socket.sendParts([{ bytes, fds: [] }]);
    total += accepted;
    if (error === 'EAGAIN') return total;
    expect([accepted, error]).toEqual([bytes.length, undefined]);
  }
  throw new Error('the socket never was full');
}

async function readAll({ socket, told }: End, length: number): Promise<void> {
  socket.allowReading(Infinity, Infinity);
  await until(() => told.text.length >= length);
}

/** Sends nothing of a part, and the parts before it. */
async function expectRefused({ sender, receiver }: Ends, fds: readonly number[], error: string): Promise<void> {
  expect(sender.socket.sendParts([part('a'), part('lost', fds), part('b')])).toEqual({ accepted: 1, error });
  expect(sender.socket.sendParts([part('c')])).toEqual({ accepted: 1 });
  await readAll(receiver, 2);
  await quiet();
  expect([receiver.told.text, receiver.told.fds]).toEqual(['ac', []]);
}

onEach(kernels, (test) => {
  test('parts with descriptors are sent each by itself: none come with bytes of another part', async (kernel) => {
    using ends = openEnds(kernel);
    using first = kernel.open(0);
    using second = kernel.open(0);
    const parts = [
      part('ab'),
      part('C', [first.fd]),
      part('D', [second.fd, first.fd]),
      part('ef'),
      part('GH', [second.fd]),
    ];
    expect(ends.sender.socket.sendParts(parts)).toEqual({ accepted: 8 });
    await readAll(ends.receiver, 8);
    expect(ends.receiver.told.text).toBe('abCDefGH');
    const [one, two] = [kernel.identity(first, 0), kernel.identity(second, 0)];
    const came = arrivals(kernel, ends.receiver).map(({ file, at }) => [file, 'abCDefGH'[at]]);
    expect(came.slice(0, 3)).toEqual([
      [one, 'C'],
      [two, 'D'],
      [one, 'D'],
    ]);
    expect(came.slice(3)).toEqual([[two, expect.stringMatching(/[GH]/)]]);
  });

  test('plain neighbours share a sendmsg, so that many small ones take little room', (kernel) => {
    using ends = openEnds(kernel);
    const parts = Array.from({ length: 2000 }, () => part('x'));
    expect(ends.sender.socket.sendParts(parts)).toEqual({ accepted: 2000 });
  });

  test('nothing to send is accepted; descriptors without bytes are not', async (kernel) => {
    using ends = openEnds(kernel);
    using file = kernel.open(0);
    const { socket } = ends.sender;
    expect(socket.sendParts([])).toEqual({ accepted: 0 });
    expect(socket.sendParts([part(''), part('a'), part(''), part('b'), part('')])).toEqual({ accepted: 2 });
    expect(socket.sendParts([part('c'), part('', [file.fd]), part('d')])).toEqual({ accepted: 1, error: 'EINVAL' });
    await readAll(ends.receiver, 3);
    await quiet();
    expect([ends.receiver.told.text, ends.receiver.told.fds]).toEqual(['abc', []]);
  });

  test('a part with a number that is not open is EBADF, and nothing of it is sent', async (kernel) => {
    using ends = openEnds(kernel);
    using file = kernel.open(0);
    await expectRefused(ends, [file.fd, notOpen(kernel)], 'EBADF');
  });

  test('a part with a negative number is EBADF, and nothing of it is sent', async (kernel) => {
    using ends = openEnds(kernel);
    using file = kernel.open(0);
    await expectRefused(ends, [-1, file.fd], 'EBADF');
  });

  test('a part with 254 descriptors is EINVAL, and nothing of it is sent', async (kernel) => {
    using ends = openEnds(kernel);
    using file = kernel.open(0);
    await expectRefused(
      ends,
      Array.from({ length: 254 }, () => file.fd),
      'EINVAL',
    );
  });

  test('a full socket accepts a part in part, says EAGAIN, and the descriptors left with the first byte', async (kernel) => {
    using ends = openEnds(kernel);
    using file = kernel.open(0);
    const { accepted, error } = ends.sender.socket.sendParts([
      part('x'.repeat(10_000_000), [file.fd]),
      part('behind', [file.fd]),
    ]);
    expect(error).toBe('EAGAIN');
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(10_000_000);
    await readAll(ends.receiver, accepted);
    await quiet();
    expect(ends.receiver.told.text).toBe('x'.repeat(accepted));
    expect(ends.receiver.told.fds).toHaveLength(1);
  });

  test('a full socket that accepts nothing of a part leaves its descriptors where they are', async (kernel) => {
    using ends = openEnds(kernel);
    using file = kernel.open(0);
    const before = fill(ends.sender);
    const last = part('y'.repeat(5000), [file.fd]);
    expect(ends.sender.socket.sendParts([last])).toEqual({ accepted: 0, error: 'EAGAIN' });
    await readAll(ends.receiver, before);
    await quiet();
    expect(ends.receiver.told.fds).toEqual([]);
    expect(ends.sender.socket.sendParts([last])).toEqual({ accepted: 5000 });
    await until(() => ends.receiver.told.text.length === before + 5000);
    expect(ends.receiver.told.fds).toHaveLength(1);
  });

  test('writable is reported once for each watchWritable(), and not before there is room', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.sender;
    for (let round = 1; round <= 3; round++) {
      const before = ends.receiver.told.text.length;
      const filled = fill(ends.sender);
      socket.watchWritable();
      await quiet();
      expect(told.writables).toBe(round - 1);
      await readAll(ends.receiver, before + filled);
      await until(() => told.writables === round);
      await quiet();
      expect(told.writables).toBe(round);
      ends.receiver.socket.allowReading(0, 0);
    }
  });

  test('writable is reported where there is room already, and never unasked', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.sender;
    await quiet();
    expect(told.writables).toBe(0);
    socket.watchWritable();
    await until(() => told.writables === 1);
    let asked = 0;
    told.onEvent = () => {
      if (asked++ < 2) socket.watchWritable();
    };
    socket.watchWritable();
    await until(() => told.writables >= 4);
    await quiet();
    expect(told.writables).toBe(4);
  });

  test('shutdown ends the sending direction and no other', async (kernel) => {
    using ends = openEnds(kernel);
    const { sender, receiver } = ends;
    sender.socket.sendParts([part('last')]);
    expect(sender.socket.shutdown()).toBeUndefined();
    expect(sender.socket.shutdown()).toBeUndefined();
    expect(sender.socket.sendParts([part('late')])).toEqual({ accepted: 0, error: 'EPIPE' });
    await readAll(receiver, 4);
    await until(() => receiver.told.end !== undefined);
    expect([receiver.told.text, receiver.told.end]).toEqual(['last', 'eof']);
    expect(receiver.socket.sendParts([part('answer')])).toEqual({ accepted: 6 });
    await readAll(sender, 6);
    expect([sender.told.text, sender.told.end]).toEqual(['answer', undefined]);
  });

  test('sending to a peer that is gone is EPIPE', (kernel) => {
    using ends = openEnds(kernel);
    using file = kernel.open(0);
    ends.receiver.socket.close();
    expect(ends.sender.socket.sendParts([part('x', [file.fd])])).toEqual({ accepted: 0, error: 'EPIPE' });
    expect(ends.sender.socket.shutdown()).toBeUndefined();
  });

  test('one who waits for room learns that the peer is gone', async (kernel) => {
    using ends = openEnds(kernel);
    fill(ends.sender);
    ends.sender.socket.watchWritable();
    ends.receiver.socket.close();
    await until(() => ends.sender.told.writables === 1);
    expect(ends.sender.socket.sendParts([part('x')])).toEqual({ accepted: 0, error: 'EPIPE' });
  });
});

onEach(linux, (test) => {
  test('one who waits for room learns that the peer has shut down both directions and reads no more', async (kernel) => {
    const [ours, theirs] = kernel.socketpair();
    using peer = theirs;
    const { socket, told } = openEnd(kernel, ours, 0);
    fill({ socket, told });
    socket.watchWritable();
    await quiet();
    kernel.shutdownBoth(peer, 1);
    await until(() => told.writables === 1);
    expect(socket.sendParts([part('x')])).toEqual({ accepted: 0, error: 'EPIPE' });
    socket.close();
  });
});
