import type { OwnedFd } from '../../packages/binding';
import { openEnd, openEnds, part, quiet, until } from './ends';
import { onEach } from './kernel';
import { kernels, linux } from './kernels';

// How a stream ends: end of file, ECONNRESET, hangup, close(); and what is left to be read.

onEach(kernels, (test) => {
  test(`'eof' comes after all bytes and descriptors, and once, however much is allowed afterwards`, async (kernel) => {
    using ends = openEnds(kernel);
    using file = kernel.open(0);
    const { socket, told } = ends.receiver;
    ends.sender.socket.sendParts([part('before'), part('last', [file.fd])]);
    ends.sender.socket.close();
    socket.allowReading(Infinity, Infinity);
    await until(() => told.end !== undefined);
    expect([told.text, told.fds.length, told.end]).toEqual(['beforelast', 1, 'eof']);
    const { length } = told.wakeUps;
    socket.allowReading(Infinity, Infinity);
    await quiet();
    expect(told.wakeUps).toHaveLength(length);
  });

  test(`'eof' is not reported while only as many bytes as there are were allowed`, async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    ends.sender.socket.sendParts([part('abc')]);
    ends.sender.socket.close();
    socket.allowReading(3, 1);
    await until(() => told.text === 'abc');
    await quiet();
    expect(told.end).toBeUndefined();
    socket.allowReading(1, 1);
    await until(() => told.end === 'eof');
  });

  test('hangup is reported once after it was asked for, and not when the peer only ended its sending', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    socket.allowReading(Infinity, Infinity);
    ends.sender.socket.shutdown();
    await until(() => told.end === 'eof');
    socket.watchHangup();
    await quiet();
    expect([told.hangups, socket.hungUp()]).toEqual([0, false]);
    ends.sender.socket.close();
    await until(() => told.hangups > 0);
    await quiet();
    expect([told.hangups, socket.hungUp()]).toEqual([1, true]);
  });

  test('hangup is reported of a peer that was gone already, and never unasked', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    ends.sender.socket.close();
    await quiet();
    expect([told.hangups, socket.hungUp()]).toEqual([0, true]);
    socket.watchHangup();
    await until(() => told.hangups === 1);
  });

  test('hangup is reported while bytes wait that nobody may read, and they stay', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    ends.sender.socket.sendParts([part('unread')]);
    socket.watchHangup();
    ends.sender.socket.close();
    await until(() => told.hangups === 1);
    expect(socket.unread()).toBe(6);
    socket.allowReading(Infinity, Infinity);
    await until(() => told.end === 'eof');
    expect(told.text).toBe('unread');
  });

  test('hangup is reported when a peer closes that was never opened, only held', async (kernel) => {
    const [ours, theirs] = kernel.socketpair();
    const { socket, told } = openEnd(kernel, ours, 0);
    socket.watchHangup();
    await quiet();
    theirs.close();
    await until(() => told.hangups === 1);
    socket.close();
  });

  test('unsent() is 0 exactly when the peer has received all that was sent, and when closed', async (kernel) => {
    using ends = openEnds(kernel);
    using file = kernel.open(0);
    const { sender, receiver } = ends;
    expect(sender.socket.unsent()).toBe(0);
    sender.socket.sendParts([part('ab', [file.fd])]);
    expect(sender.socket.unsent()).toBeGreaterThan(0);
    receiver.socket.allowReading(1, 1);
    await until(() => receiver.told.text === 'a');
    expect(sender.socket.unsent()).toBeGreaterThan(0);
    receiver.socket.allowReading(Infinity, Infinity);
    await until(() => receiver.told.text === 'ab');
    expect(sender.socket.unsent()).toBe(0);
    sender.socket.close();
    expect(sender.socket.unsent()).toBe(0);
  });

  test('unread() tells what waits in the kernel, and 0 when all was read', async (kernel) => {
    using ends = openEnds(kernel);
    using file = kernel.open(0);
    const { socket, told } = ends.receiver;
    expect(socket.unread()).toBe(0);
    ends.sender.socket.sendParts([part('abc'), part('de', [file.fd])]);
    expect(socket.unread()).toBe(5);
    expect(ends.sender.socket.unread()).toBe(0);
    socket.allowReading(2, 1);
    await until(() => told.text === 'ab');
    expect(socket.unread()).toBe(3);
    socket.allowReading(Infinity, Infinity);
    await until(() => told.text === 'abcde');
    expect(socket.unread()).toBe(0);
  });

  for (const event of ['read', 'writable', 'hangup'] as const) {
    test(`close() inside '${event}' makes that the last event, and closes at once`, async (kernel) => {
      using ends = openEnds(kernel);
      using file = kernel.open(0);
      const { socket, told } = ends.receiver;
      const { fd } = socket;
      const seen: string[] = [];
      told.onEvent = (each) => {
        seen.push(each);
        if (each !== event) return;
        socket.close();
        socket.close();
        expect(kernel.bindings[1].descriptors.isOpen(fd)).toBe(false);
      };
      ends.sender.socket.sendParts([part('x', [file.fd]), part('y')]);
      if (event === 'hangup') ends.sender.socket.close();
      if (event === 'read') socket.allowReading(1, 1);
      socket.watchWritable();
      socket.watchHangup();
      await until(() => seen.includes(event));
      await quiet();
      expect(seen.at(-1)).toBe(event);
      expect(seen.filter((each) => each === event)).toHaveLength(1);
    });
  }

  test('after close() no event comes, every other call does nothing, and the number is -1', async (kernel) => {
    using ends = openEnds(kernel);
    using file: OwnedFd = kernel.open(1);
    const { socket, told } = ends.receiver;
    const { fd } = socket;
    ends.sender.socket.sendParts([part('never read')]);
    socket.allowReading(Infinity, Infinity);
    socket.watchWritable();
    socket.watchHangup();
    socket.close();
    expect([socket.fd, kernel.bindings[1].descriptors.isOpen(fd)]).toEqual([-1, false]);
    socket.allowReading(Infinity, Infinity);
    socket.watchWritable();
    socket.watchHangup();
    socket.ref();
    socket.unref();
    socket.close();
    expect(socket.sendParts([part('x', [file.fd])])).toEqual({ accepted: 0, error: 'EBADF' });
    expect(socket.shutdown()).toBe('EBADF');
    expect([socket.hungUp(), socket.unread()]).toEqual([false, 0]);
    expect(() => socket.peerCredentials()).toThrow(expect.objectContaining({ code: 'EBADF' }) as Error);
    ends.sender.socket.close();
    await quiet();
    expect([told.wakeUps, told.writables, told.hangups]).toEqual([[], 0, 0]);
  });

  test('close() leaves the number to whoever gets it next', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket } = ends.receiver;
    const { fd } = socket;
    socket.close();
    using next = kernel.open(1);
    expect(next.fd).toBe(fd);
    socket.close();
    await quiet();
    expect(kernel.bindings[1].descriptors.isOpen(next.fd)).toBe(true);
  });
});

onEach(linux, (test) => {
  test('a peer that closed with bytes of ours unread is ECONNRESET, once, after what it had sent', async (kernel) => {
    using ends = openEnds(kernel);
    using file = kernel.open(0);
    const { socket, told } = ends.receiver;
    socket.sendParts([part('unread')]);
    ends.sender.socket.sendParts([part('last', [file.fd]), part('words')]);
    ends.sender.socket.close();
    socket.watchWritable();
    await until(() => told.writables === 1);
    expect(socket.sendParts([part('x')])).toEqual({ accepted: 0, error: 'EPIPE' });
    socket.allowReading(Infinity, Infinity);
    await until(() => told.end !== undefined);
    expect([told.text, told.fds.length, told.end]).toEqual(['lastwords', 1, { error: 'ECONNRESET' }]);
    const { length } = told.wakeUps;
    socket.allowReading(Infinity, Infinity);
    await quiet();
    expect(told.wakeUps).toHaveLength(length);
  });

  test('ECONNRESET comes after all of it also when that is read byte by byte', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    socket.sendParts([part('unread')]);
    ends.sender.socket.sendParts([part('abcdef')]);
    ends.sender.socket.close();
    told.onEvent = () => socket.allowReading(1, 1);
    socket.allowReading(1, 1);
    await until(() => told.end !== undefined);
    expect([told.text, told.end]).toEqual(['abcdef', { error: 'ECONNRESET' }]);
  });
});
