import { setImmediate as nextTurn } from 'node:timers/promises';
import { addon, nativeBinding } from '../../packages/binding-native';
import { identity } from '../support/descriptors';
import { newFile, openEnds, put, Recorder } from './recorder';

describe('end of file', () => {
  it('comes after all bytes and descriptors', async () => {
    using ends = openEnds();
    using file = newFile();
    put(ends.peer, 'last', [file.fd]);
    ends.peer.close();
    ends.socket.allowReading(Infinity, Infinity);
    await ends.recorder.until(() => ends.recorder.end !== undefined);
    expect(ends.recorder.end).toBe('eof');
    expect(ends.recorder.text).toBe('last');
    expect(ends.recorder.fds.map(({ fd }) => identity(fd))).toEqual([identity(file.fd)]);
  });

  it('is reported once, however much is allowed afterwards', async () => {
    using ends = openEnds();
    ends.peer.close();
    ends.socket.allowReading(Infinity, Infinity);
    await ends.recorder.until(() => ends.recorder.end !== undefined);
    ends.socket.allowReading(Infinity, Infinity);
    await nextTurn();
    await nextTurn();
    expect(ends.recorder.wakeUps).toHaveLength(1);
  });

  it('is not seen while only as many bytes as there are were allowed', async () => {
    using ends = openEnds();
    put(ends.peer, 'abc');
    ends.peer.close();
    ends.socket.allowReading(3, 1);
    await ends.recorder.until(() => ends.recorder.text === 'abc');
    expect(ends.recorder.end).toBeUndefined();
    ends.socket.allowReading(1, 1);
    await ends.recorder.until(() => ends.recorder.end !== undefined);
    expect(ends.recorder.end).toBe('eof');
  });
});

describe('a peer that closed with our bytes unread', () => {
  it('is ECONNRESET after what it had sent', async () => {
    using ends = openEnds();
    using file = newFile();
    expect(ends.socket.sendParts([{ bytes: Buffer.from('unread'), fds: [] }])).toEqual({ accepted: 6 });
    put(ends.peer, 'bye', [file.fd]);
    put(ends.peer, 'now');
    ends.peer.close();
    ends.socket.allowReading(Infinity, Infinity);
    await ends.recorder.until(() => ends.recorder.end !== undefined);
    expect(ends.recorder.text).toBe('byenow');
    expect(ends.recorder.fds).toHaveLength(1);
    expect(ends.recorder.end).toEqual({ error: 'ECONNRESET' });
  });

  it('still gives all of it when it is read in small allowances', async () => {
    using ends = openEnds();
    using file = newFile();
    ends.socket.sendParts([{ bytes: Buffer.from('unread'), fds: [] }]);
    put(ends.peer, 'abcdef', [file.fd]);
    ends.peer.close();
    ends.recorder.onEvent = () => {
      ends.socket.allowReading(1, 1);
    };
    ends.socket.allowReading(1, 1);
    await ends.recorder.until(() => ends.recorder.end !== undefined);
    expect(ends.recorder.text).toBe('abcdef');
    expect(ends.recorder.wakeUps.map((segments) => segments.length)).toEqual([1, 1, 1, 1, 1, 1, 0]);
    expect(ends.recorder.end).toEqual({ error: 'ECONNRESET' });
  });

  it('wakes one who waits to write, and then sending is EPIPE', async () => {
    using ends = openEnds();
    ends.socket.sendParts([{ bytes: Buffer.from('unread'), fds: [] }]);
    ends.peer.close();
    ends.socket.watchWritable();
    await ends.recorder.until(() => ends.recorder.writables === 1);
    expect(ends.socket.sendParts([{ bytes: Buffer.from('x'), fds: [] }])).toEqual({ accepted: 0, error: 'EPIPE' });
  });

  it('wakes one who waits for the hangup', async () => {
    using ends = openEnds();
    ends.socket.sendParts([{ bytes: Buffer.from('unread'), fds: [] }]);
    ends.socket.watchHangup();
    ends.peer.close();
    await ends.recorder.until(() => ends.recorder.hangups === 1);
    expect(ends.socket.hungUp()).toBe(true);
  });
});

describe('hangup', () => {
  it('is reported when the peer is gone, not when it only ended sending', async () => {
    const [ours, theirs] = nativeBinding.socketpair();
    using recorder = new Recorder();
    using theirRecorder = new Recorder();
    const socket = nativeBinding.open(ours, recorder);
    const peer = nativeBinding.open(theirs, theirRecorder);
    socket.allowReading(Infinity, Infinity);
    expect(peer.shutdown()).toBeUndefined();
    await recorder.until(() => recorder.end === 'eof');
    socket.watchHangup();
    await nextTurn();
    await nextTurn();
    expect(recorder.hangups).toBe(0);
    expect(socket.hungUp()).toBe(false);
    expect(socket.sendParts([{ bytes: Buffer.from('still'), fds: [] }])).toEqual({ accepted: 5 });
    peer.close();
    await recorder.until(() => recorder.hangups > 0);
    expect(socket.hungUp()).toBe(true);
    await nextTurn();
    await nextTurn();
    expect(recorder.hangups).toBe(1);
    socket.close();
  });

  it('is reported beside writability', async () => {
    using ends = openEnds();
    ends.peer.close();
    ends.socket.allowReading(Infinity, Infinity);
    await ends.recorder.until(() => ends.recorder.end === 'eof');
    ends.socket.watchHangup();
    ends.socket.watchWritable();
    await ends.recorder.until(() => ends.recorder.hangups === 1 && ends.recorder.writables === 1);
  });
});

describe('close', () => {
  it.each(['read', 'writable', 'hangup'] as const)('inside %s is the last event', async (event) => {
    using ends = openEnds();
    using file = newFile();
    const { fd } = ends.socket;
    put(ends.peer, 'x', [file.fd]);
    if (event === 'hangup') ends.peer.close();
    const seen: string[] = [];
    ends.recorder.onEvent = (told) => {
      seen.push(told);
      if (told !== event) return;
      ends.socket.close();
      ends.socket.close();
      expect(addon.descriptorFlags(fd)).toBeLessThan(0);
    };
    if (event !== 'writable') ends.socket.allowReading(Infinity, Infinity);
    ends.socket.watchWritable();
    ends.socket.watchHangup();
    await ends.recorder.until(() => seen.includes(event));
    await nextTurn();
    await nextTurn();
    expect(seen.at(-1)).toBe(event);
    expect(ends.socket.fd).toBe(-1);
  });

  it('makes every other call do nothing', () => {
    using ends = openEnds();
    ends.socket.close();
    ends.socket.allowReading(Infinity, Infinity);
    ends.socket.watchWritable();
    ends.socket.watchHangup();
    ends.socket.ref();
    ends.socket.unref();
    expect(ends.socket.sendParts([{ bytes: Buffer.from('x'), fds: [] }])).toEqual({ accepted: 0, error: 'EBADF' });
    expect(ends.socket.shutdown()).toBe('EBADF');
    expect(ends.socket.hungUp()).toBe(false);
  });

  it('frees the number for another socket at once', async () => {
    for (let round = 0; round < 50; round++) {
      using ends = openEnds();
      ends.socket.allowReading(Infinity, Infinity);
      put(ends.peer, 'x');
      if (round % 2 === 0) await ends.recorder.until(() => ends.recorder.text === 'x');
    }
  });
});
