import type { OwnedFd, Segment, SendPart } from '../../packages/binding';
import { randomNumbers } from '../properties/traffic';
import { arrivals, type End, openEnd, openEnds, part, quiet, sendAll, until } from './ends';
import { type Kernel, onEach } from './kernel';
import { kernels, linux } from './kernels';
import { received, SentFiles } from './sent-files';

// The descriptors of segments: which ones, where, and whose.

/** Whether the ledger of the second process has it. */
function isOwned(kernel: Kernel, { fd }: OwnedFd): boolean {
  try {
    kernel.bindings[1].descriptors.own(fd);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_FD_BUSY';
  }
  kernel.bindings[1].descriptors.disown(fd);
  return false;
}

onEach(kernels, (test) => {
  test('descriptors come open, owned, in order, each the file that was sent; the sender keeps its own', async (kernel) => {
    using ends = openEnds(kernel);
    const files = new SentFiles(kernel, 253);
    expect(ends.sender.socket.sendParts([part('x', files.numbers)])).toEqual({ accepted: 1 });
    expect(files.numbers.every((fd) => kernel.bindings[0].descriptors.isOpen(fd))).toBe(true);
    files[Symbol.dispose]();
    const { socket, told } = ends.receiver;
    socket.allowReading(Infinity, Infinity);
    await until(() => told.text === 'x');
    expect(received(kernel, told.fds)).toEqual(files.identities);
    expect(told.fds.every((fd) => isOwned(kernel, fd))).toBe(true);
    expect(told.segments[0]?.truncated).toBe(false);
  });

  test('one descriptor sent three times is three descriptors of one file', async (kernel) => {
    using ends = openEnds(kernel);
    using files = new SentFiles(kernel, 1);
    const [fd = -1] = files.numbers;
    const { socket, told } = ends.receiver;
    ends.sender.socket.sendParts([part('x', [fd, fd]), part('y', [fd])]);
    socket.allowReading(Infinity, Infinity);
    await until(() => told.text === 'xy');
    expect(new Set(told.fds.map((each) => each.fd)).size).toBe(3);
    expect(new Set(received(kernel, told.fds))).toEqual(new Set(files.identities));
    expect(told.fds).toHaveLength(3);
  });

  test('each segment has an array of descriptors of its own', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    socket.allowReading(Infinity, Infinity);
    for (const text of ['a', 'ab']) {
      ends.sender.socket.sendParts([part(text.slice(-1))]);
      await until(() => told.text === text);
    }
    const [first, second] = told.segments;
    expect(first?.fds).not.toBe(second?.fds);
  });

  test('under any allowance each descriptor comes once, anchored in the part that it was sent with', async (kernel) => {
    using ends = openEnds(kernel);
    const random = randomNumbers(7);
    using files = new SentFiles(kernel, 5);
    const parts = Array.from({ length: 150 }, (_, index): SendPart => {
      const count = random(0, 2) === 0 ? random(1, 4) : 0;
      const fds = Array.from({ length: count }, (_each, at) => files.numbers[(index + at) % 5] ?? -1);
      return { bytes: Buffer.alloc(random(1, random(0, 9) === 0 ? 5_000 : 20), index), fds };
    });
    const stream = Buffer.concat(parts.map(({ bytes }) => bytes));
    const reading = readBounded(ends.receiver, stream.length, random);
    await sendAll(ends.sender, parts);
    await reading;
    expect(Buffer.concat(ends.receiver.told.segments.map(({ bytes }) => bytes)).equals(stream)).toBe(true);

    const identities = new Map(files.numbers.map((fd, index) => [fd, files.identities[index]]));
    const expected = parts.flatMap(({ fds }, index) => fds.map((fd) => [identities.get(fd), index]));
    let end = 0;
    const partEnds = parts.map(({ bytes }) => (end += bytes.length));
    const came = arrivals(kernel, ends.receiver).map(({ file, at }) => [file, partEnds.findIndex((each) => at < each)]);
    expect(came).toEqual(expected);
  });

  test('descriptors that found no number are told as truncated, and those that come later are not', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    using files = new SentFiles(kernel, 4);
    ends.sender.socket.sendParts([part('lost', files.numbers), part('none')]);
    await kernel.withFreeNumbers(2, 1, async () => {
      socket.allowReading(4, Infinity);
      await until(() => told.text === 'lost');
    });
    const marked = told.segments.filter(({ truncated }) => truncated);
    expect(marked).toEqual([told.segments[0]]);
    const kept = told.fds.length;
    expect(kept).toBeLessThanOrEqual(2);
    expect(received(kernel, told.fds)).toEqual(files.identities.slice(0, kept));

    socket.allowReading(Infinity, Infinity);
    ends.sender.socket.sendParts([part('whole', files.numbers)]);
    await until(() => told.text === 'lostnonewhole');
    expect(told.segments.filter(({ truncated }) => truncated)).toHaveLength(1);
    expect(received(kernel, told.fds.slice(kept))).toEqual(files.identities);
  });

  test('descriptors that nobody receives are closed with the socket', async (kernel) => {
    using ends = openEnds(kernel);
    const [kept, given] = kernel.bindings[0].socketpair();
    using witness = openWitness(kernel, kept);
    ends.sender.socket.sendParts([part('unread', [given.fd])]);
    given.close();
    await quiet();
    expect(witness.socket.hungUp()).toBe(false);
    ends.receiver.socket.close();
    await until(() => witness.told.hangups === 1);
  });
});

onEach(linux, (test) => {
  test('of descriptors that find too few numbers, the first ones come', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    const files = new SentFiles(kernel, 5);
    const [first = -1, ...others] = files.numbers;
    ends.sender.socket.sendParts([part('a', [first]), part('b', others)]);
    files[Symbol.dispose]();
    await kernel.withFreeNumbers(3, 1, async () => {
      socket.allowReading(Infinity, Infinity);
      await until(() => told.text === 'ab');
    });
    expect(told.segments.map(({ fds, truncated }) => [fds.length, truncated])).toEqual([
      [1, false],
      [2, true],
    ]);
    expect(received(kernel, told.fds)).toEqual(files.identities.slice(0, 3));
  });
});

/** The other end of a socket that is given away: it hangs up when nobody has that any more. */
function openWitness(kernel: Kernel, owned: OwnedFd): End & Disposable {
  const end = openEnd(kernel, owned, 0);
  end.socket.watchHangup();
  return { ...end, [Symbol.dispose]: () => end.socket.close() };
}

const bytesOf = (segments: readonly Segment[]): number => segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
const fdsOf = (segments: readonly Segment[]): number => segments.reduce((sum, { fds }) => sum + fds.length, 0);

/** Reads so many bytes under allowances at random, each of which must be kept to. */
async function readBounded({ socket, told }: End, length: number, random: (least: number, most: number) => number) {
  while (bytesOf(told.segments) < length) {
    const allowed = { bytes: random(1, random(0, 3) === 0 ? 9_000 : 60), fds: random(1, 6) };
    const before = told.segments.length;
    const read = (): Segment[] => told.segments.slice(before);
    socket.allowReading(allowed.bytes, allowed.fds);
    await until(() => {
      const usedUp = bytesOf(read()) >= allowed.bytes || fdsOf(read()) >= allowed.fds;
      return usedUp || bytesOf(told.segments) === length;
    });
    expect(bytesOf(read())).toBeLessThanOrEqual(allowed.bytes);
    expect(fdsOf(read().slice(0, -1))).toBeLessThan(allowed.fds);
  }
}
