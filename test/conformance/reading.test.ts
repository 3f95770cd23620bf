import { onEach } from './kernel';
import { kernels } from './kernels';
import { openEnds, part, quiet, sendAll, until } from './ends';

// allowReading() and the bytes that come of it.

onEach(kernels, (test) => {
  test('nothing is read before reading is allowed, nor while 0 bytes or 0 descriptors are', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    ends.sender.socket.sendParts([part('early')]);
    await quiet();
    for (const [bytes, fds] of [
      [0, 0],
      [Infinity, 0],
      [0, Infinity],
    ] as const) {
      socket.allowReading(bytes, fds);
      await quiet();
    }
    expect(told.wakeUps).toEqual([]);
    socket.allowReading(Infinity, Infinity);
    await until(() => told.text === 'early');
  });

  test('never more bytes than allowed are read in all, and the others stay for later', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    ends.sender.socket.sendParts([part('abcdefgh')]);
    socket.allowReading(3, 1);
    await until(() => told.text.length >= 3);
    await quiet();
    expect(told.text).toBe('abc');
    socket.allowReading(4, 1);
    await until(() => told.text.length >= 7);
    await quiet();
    expect(told.text).toBe('abcdefg');
    socket.allowReading(Infinity, 1);
    await until(() => told.text === 'abcdefgh');
  });

  test('an allowance takes the place of the one before and is not added to it', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    ends.sender.socket.sendParts([part('abcdefgh')]);
    socket.allowReading(5, 5);
    socket.allowReading(2, 1);
    await until(() => told.text.length >= 2);
    await quiet();
    expect(told.text).toBe('ab');
  });

  test('once so many descriptors came there is no further recvmsg: one bundle more at most', async (kernel) => {
    using ends = openEnds(kernel);
    using file = kernel.open(0);
    const { socket, told } = ends.receiver;
    ends.sender.socket.sendParts(Array.from({ length: 4 }, () => part('x', [file.fd, file.fd])));
    socket.allowReading(Infinity, 3);
    await until(() => told.fds.length >= 3);
    await quiet();
    expect([told.text, told.fds.length]).toEqual(['xx', 4]);
    socket.allowReading(Infinity, 1);
    await until(() => told.fds.length > 4);
    await quiet();
    expect([told.text, told.fds.length]).toEqual(['xxx', 6]);
  });

  test('0 pauses now, also when something is there to be read already', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    for (let round = 1; round <= 10; round++) {
      socket.allowReading(Infinity, Infinity);
      ends.sender.socket.sendParts([part('x')]);
      socket.allowReading(0, 0);
      await quiet();
      expect(told.text).toHaveLength(round - 1);
      socket.allowReading(Infinity, Infinity);
      await until(() => told.text.length === round);
    }
  });

  test('what is allowed can be changed inside the event', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    ends.sender.socket.sendParts([part('abcdef')]);
    told.onEvent = () => {
      if (told.text.length === 4) socket.allowReading(0, 0);
      else socket.allowReading(1, 1);
    };
    socket.allowReading(1, 1);
    await until(() => told.text.length >= 4);
    await quiet();
    expect(told.segments.map(({ bytes }) => bytes.toString())).toEqual(['a', 'b', 'c', 'd']);
  });

  test('segments have at least one byte, are in order and complete, and nobody writes to them again', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    const seen: string[] = [];
    told.onEvent = () => {
      for (const { bytes } of told.wakeUps.at(-1) ?? []) seen.push(bytes.toString('latin1'));
    };
    socket.allowReading(Infinity, Infinity);
    let sent = '';
    for (let round = 0; round < 30; round++) {
      const text = String.fromCharCode(65 + round).repeat(7919);
      sent += text;
      await sendAll(ends.sender, [part(text)]);
    }
    await until(() => told.text.length === sent.length);
    expect(told.text === sent).toBe(true);
    expect(told.segments.map(({ bytes }) => bytes.toString('latin1'))).toEqual(seen);
    expect(seen).not.toContain('');
    expect(told.wakeUps.every((segments) => segments.length > 0)).toBe(true);
  });

  test('both directions go at once, and ask nothing of each other', async (kernel) => {
    using ends = openEnds(kernel);
    for (const { socket } of [ends.sender, ends.receiver]) socket.allowReading(Infinity, Infinity);
    await Promise.all([
      sendAll(ends.sender, [part('there'.repeat(10_000))]),
      sendAll(ends.receiver, [part('and back'.repeat(10_000))]),
    ]);
    await until(() => ends.receiver.told.text.length === 50_000 && ends.sender.told.text.length === 80_000);
    expect(ends.receiver.told.text).toBe('there'.repeat(10_000));
    expect(ends.sender.told.text).toBe('and back'.repeat(10_000));
  });
});
