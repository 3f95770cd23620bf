import { setImmediate as nextTurn } from 'node:timers/promises';
import { addon } from '../../packages/binding-native';
import { identity } from '../support/descriptors';
import { newFile, openEnds, put } from './recorder';

const SO_PASSCRED = 16;
const SO_PASSPIDFD = 76;

describe('segments', () => {
  it('stop right after descriptors, with plain segments glued in front of them', async () => {
    using ends = openEnds();
    using file = newFile();
    put(ends.peer, 'AAA');
    put(ends.peer, 'B', [file.fd]);
    put(ends.peer, 'CCC');
    ends.socket.allowReading(Infinity, Infinity);
    await ends.recorder.until(() => ends.recorder.text.length === 7);
    expect(ends.recorder.segments.map(({ bytes, fds }) => [bytes.toString(), fds.length])).toEqual([
      ['AAAB', 1],
      ['CCC', 0],
    ]);
    expect(ends.recorder.wakeUps).toHaveLength(1);
    expect(ends.recorder.fds.map(({ fd }) => identity(fd))).toEqual([identity(file.fd)]);
  });

  it('bring close-on-exec descriptors in the order they were sent', async () => {
    using ends = openEnds();
    const files = Array.from({ length: 253 }, newFile);
    put(
      ends.peer,
      'x',
      files.map(({ fd }) => fd),
    );
    ends.socket.allowReading(Infinity, Infinity);
    await ends.recorder.until(() => ends.recorder.segments.length > 0);
    expect(ends.recorder.fds.map(({ fd }) => identity(fd))).toEqual(files.map(({ fd }) => identity(fd)));
    expect(ends.recorder.fds.every(({ fd }) => addon.descriptorFlags(fd) === 1)).toBe(true);
    for (const file of files) file.close();
  });

  it('keep their bytes when the slab is replaced', async () => {
    using ends = openEnds();
    ends.socket.allowReading(Infinity, Infinity);
    let expected = '';
    for (let round = 0; round < 40; round++) {
      const bytes = String.fromCharCode(65 + round).repeat(9973);
      put(ends.peer, bytes);
      expected += bytes;
      await ends.recorder.until(() => ends.recorder.text.length === expected.length);
    }
    expect(ends.recorder.text).toBe(expected);
  });

  it('have descriptor arrays of their own', async () => {
    using ends = openEnds();
    ends.socket.allowReading(Infinity, Infinity);
    put(ends.peer, 'a');
    await ends.recorder.until(() => ends.recorder.segments.length === 1);
    put(ends.peer, 'b');
    await ends.recorder.until(() => ends.recorder.segments.length === 2);
    const [first, second] = ends.recorder.segments;
    expect(first?.fds).not.toBe(second?.fds);
  });
});

describe('descriptors nobody asked for', () => {
  it.each([
    ['credentials', SO_PASSCRED],
    ['a pidfd', SO_PASSPIDFD],
  ])('%s beside SCM_RIGHTS is told apart from what was sent, and closed', async (_what, option) => {
    using ends = openEnds();
    using file = newFile();
    expect(addon.setSocketOption(ends.socket.fd, option, 1)).toBe(0);
    put(ends.peer, 'with', [file.fd]);
    put(ends.peer, 'without');
    ends.socket.allowReading(Infinity, Infinity);
    await ends.recorder.until(() => ends.recorder.text.length === 11);
    expect(ends.recorder.segments.map(({ fds, truncated }) => [fds.length, truncated])).toEqual([
      [1, false],
      [0, false],
    ]);
    expect(ends.recorder.fds.map(({ fd }) => identity(fd))).toEqual([identity(file.fd)]);
  });

  it('come with each message when both options are on', async () => {
    using ends = openEnds();
    using file = newFile();
    for (const option of [SO_PASSCRED, SO_PASSPIDFD]) addon.setSocketOption(ends.socket.fd, option, 1);
    ends.socket.allowReading(Infinity, Infinity);
    for (let count = 1; count <= 20; count++) {
      put(ends.peer, 'x', [file.fd]);
      await ends.recorder.until(() => ends.recorder.text.length === count);
    }
    expect(ends.recorder.segments.map(({ fds }) => fds.length)).toEqual(Array.from({ length: 20 }, () => 1));
  });
});

describe('allowance', () => {
  it('reads nothing until something is allowed', async () => {
    using ends = openEnds();
    put(ends.peer, 'early');
    await nextTurn();
    await nextTurn();
    expect(ends.recorder.wakeUps).toHaveLength(0);
    ends.socket.allowReading(Infinity, 0);
    await nextTurn();
    await nextTurn();
    expect(ends.recorder.wakeUps).toHaveLength(0);
  });

  it('is never exceeded in bytes, and what is left stays queued', async () => {
    using ends = openEnds();
    put(ends.peer, 'abcdefgh');
    ends.socket.allowReading(3, 1);
    await ends.recorder.until(() => ends.recorder.text !== '');
    await nextTurn();
    await nextTurn();
    expect(ends.recorder.text).toBe('abc');
    ends.socket.allowReading(4, 1);
    await ends.recorder.until(() => ends.recorder.text.length > 3);
    expect(ends.recorder.text).toBe('abcdefg');
    ends.socket.allowReading(Infinity, 1);
    await ends.recorder.until(() => ends.recorder.text.length > 7);
    expect(ends.recorder.text).toBe('abcdefgh');
  });

  it('in descriptors is exceeded by at most one bundle', async () => {
    using ends = openEnds();
    using file = newFile();
    for (let count = 0; count < 4; count++) put(ends.peer, 'x', [file.fd, file.fd]);
    ends.socket.allowReading(Infinity, 3);
    await ends.recorder.until(() => ends.recorder.fds.length > 0);
    await nextTurn();
    await nextTurn();
    expect(ends.recorder.fds).toHaveLength(4);
    ends.socket.allowReading(Infinity, 1);
    await ends.recorder.until(() => ends.recorder.fds.length > 4);
    expect(ends.recorder.fds).toHaveLength(6);
  });

  it('can be given and taken back inside the callback', async () => {
    using ends = openEnds();
    put(ends.peer, 'abcdef');
    ends.recorder.onEvent = () => {
      ends.socket.allowReading(0, 0);
      ends.socket.allowReading(1, 1);
    };
    ends.socket.allowReading(1, 1);
    await ends.recorder.until(() => ends.recorder.text.length === 6);
    expect(ends.recorder.wakeUps.map((segments) => segments.length)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('paused and resumed with data queued reads it', async () => {
    using ends = openEnds();
    for (let round = 1; round <= 20; round++) {
      ends.socket.allowReading(Infinity, Infinity);
      put(ends.peer, 'x');
      ends.socket.allowReading(0, 0);
      await nextTurn();
      expect(ends.recorder.text).toHaveLength(round - 1);
      ends.socket.allowReading(Infinity, Infinity);
      await ends.recorder.until(() => ends.recorder.text.length === round);
    }
  });
});

describe('many bytes', () => {
  it('come in one segment once a segment was large, and in small memory again afterwards', async () => {
    using ends = openEnds();
    ends.socket.allowReading(Infinity, Infinity);
    const expected: Buffer[] = [];
    for (const length of [40_000, 30_000, 100_000, 100_000, 100_000, 100_000, 100, 9_000]) {
      const bytes = Buffer.alloc(length, expected.length + 1);
      put(ends.peer, bytes);
      expected.push(bytes);
      await ends.recorder.until(() => ends.recorder.text.length === Buffer.concat(expected).length);
    }
    expect(Buffer.concat(ends.recorder.segments.map(({ bytes }) => bytes))).toEqual(Buffer.concat(expected));
    expect(ends.recorder.segments.some(({ bytes }) => bytes.length === 100_000)).toBe(true);
    const memories = [...new Set(ends.recorder.segments.map(({ bytes }) => bytes.buffer))];
    expect(memories.map(({ byteLength }) => byteLength)).toContain(196_608);
    for (let left = memories.at(-1)?.byteLength ?? 0; left > 0; left -= 9_000) {
      const before = ends.recorder.segments.length;
      put(ends.peer, Buffer.alloc(9_000));
      await ends.recorder.until(() => ends.recorder.segments.length > before);
    }
    expect(ends.recorder.segments.at(-1)?.bytes.buffer.byteLength).toBe(65_536);
  });

  it('that fill the memory of the user are read without asking poll in between, however often they did', async () => {
    using ends = openEnds();
    const turns = new Set<number>();
    let turn = 0;
    ends.recorder.onEvent = () => turns.add(turn);
    ends.socket.readInto(Buffer.alloc(1_000));
    put(ends.peer, Buffer.alloc(48_000));
    ends.socket.allowReading(Infinity, Infinity);
    while (ends.recorder.wakeUps.length < 48) {
      await nextTurn();
      turn++;
    }
    expect(turns.size).toBe(3);
  });
});

describe('budget of one wake-up', () => {
  it('is 64 segments', async () => {
    using ends = openEnds();
    using file = newFile();
    for (let count = 0; count < 150; count++) put(ends.peer, Buffer.of(count), [file.fd]);
    ends.socket.allowReading(Infinity, Infinity);
    await ends.recorder.until(() => ends.recorder.fds.length === 150);
    expect(ends.recorder.wakeUps.map((segments) => segments.length)).toEqual([64, 64, 22]);
    expect(ends.recorder.segments.map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 150 }, (_, i) => i));
  });

  it('is 512 descriptors and at most one bundle more', async () => {
    using ends = openEnds();
    using file = newFile();
    for (let count = 0; count < 7; count++)
      put(
        ends.peer,
        'x',
        Array.from({ length: 253 }, () => file.fd),
      );
    ends.socket.allowReading(Infinity, Infinity);
    await ends.recorder.until(() => ends.recorder.segments.length === 7);
    expect(ends.recorder.wakeUps.map((segments) => segments.length)).toEqual([3, 3, 1]);
  });
});
