import { addon } from '../../packages/binding-native';
import { newFile, openEnds, put, type Ends } from './recorder';

/** Each segment as text, how many descriptors it has, and how much of their message follows. */
function segments({ recorder }: Ends): [string, number, number | undefined][] {
  return recorder.segments.map(({ bytes, fds, rest }) => [bytes.toString('latin1'), fds.length, rest]);
}

it('tells how much of a message with descriptors follows behind what was read of it', async () => {
  using ends = openEnds();
  using file = newFile();
  put(ends.peer, 'AA');
  put(ends.peer, 'BBBB', [file.fd]);
  put(ends.peer, 'CC', [file.fd]);
  ends.socket.allowReading(3, 1, 'ends');
  await ends.recorder.until(() => ends.recorder.text.length === 3);
  ends.socket.allowReading(Infinity, Infinity, 'ends');
  await ends.recorder.until(() => ends.recorder.text.length === 8);
  expect(segments(ends)).toEqual([
    ['AAB', 1, 3],
    ['BBB', 0, 0],
    ['CC', 1, 0],
  ]);
  expect(ends.recorder.shown).toEqual([]);
});

it('shows what stands in front of the end of such a message once, and reads as far as it is allowed then', async () => {
  using ends = openEnds();
  using file = newFile();
  ends.recorder.onEvent = () => ends.socket.allowReading(2, 1, 'contents');
  put(ends.peer, 'AA');
  put(ends.peer, 'BBBB', [file.fd]);
  put(ends.peer, 'CC');
  ends.socket.allowReading(Infinity, Infinity, 'contents');
  await ends.recorder.until(() => ends.recorder.text.length === 8);
  expect(ends.recorder.shown).toEqual(['AABBBB']);
  expect(segments(ends)).toEqual([
    ['AA', 0, 0],
    ['BB', 1, 2],
    ['BB', 0, 0],
    ['CC', 0, 0],
  ]);
});

it('reads plain bytes as they are, and no descriptors that come meanwhile', async () => {
  using ends = openEnds();
  using file = newFile();
  put(ends.peer, 'A'.repeat(100_000));
  ends.socket.allowReading(Infinity, Infinity, 'contents');
  await ends.recorder.until(() => ends.recorder.text.length === 100_000);
  put(ends.peer, 'B', [file.fd]);
  await ends.recorder.until(() => ends.recorder.text.length === 100_001);
  expect(segments(ends).at(-1)).toEqual(['B', 1, 0]);
  expect(ends.recorder.shown).toEqual(['B']);
});

it('knows the end of a message that is as long as the kernel makes them, wherever it begins in the memory', async () => {
  using ends = openEnds();
  using file = newFile();
  const long = 'L'.repeat(36_544);
  let length = 0;
  ends.socket.allowReading(Infinity, Infinity, 'ends');
  for (const plain of [0, 20_000, 50_000, 60_000]) {
    put(ends.peer, 'p'.repeat(plain));
    put(ends.peer, long, [file.fd]);
    length += plain + long.length;
    await ends.recorder.until(() => ends.recorder.text.length === length);
  }
  const withFds = ends.recorder.segments.filter(({ fds }) => fds.length > 0);
  let end = 0;
  for (const { bytes, fds, rest = 0 } of ends.recorder.segments) {
    end += bytes.length;
    if (fds.length > 0) expect(ends.recorder.text.slice(0, end + rest)).toMatch(/L{36544}$/);
  }
  expect(withFds).toHaveLength(4);
});

it('tells the end of the stream, and what broke it, once', async () => {
  using ended = openEnds();
  ended.socket.allowReading(Infinity, Infinity, 'contents');
  put(ended.peer, 'A');
  ended.peer.close();
  await ended.recorder.until(() => ended.recorder.end !== undefined);
  expect([ended.recorder.text, ended.recorder.end]).toEqual(['A', 'eof']);

  using broken = openEnds();
  broken.socket.sendParts([{ bytes: Buffer.from('unread'), fds: [] }]);
  put(broken.peer, 'B');
  broken.peer.close();
  broken.socket.allowReading(Infinity, Infinity, 'contents');
  await broken.recorder.until(() => broken.recorder.end !== undefined);
  expect([broken.recorder.text, broken.recorder.end]).toEqual(['B', { error: 'ECONNRESET' }]);
});

// Whoever passed the socket to us may do that at any time.
describe.each(['ends', 'contents'] as const)(
  'where somebody who shares the socket moves what is seen, with %s',
  (look) => {
    const SO_PEEK_OFF = 42;

    function movePeeks(ends: Ends, offset: number): void {
      expect(addon.setSocketOption(ends.socket.fd, SO_PEEK_OFF, offset)).toBe(0);
    }

    it('still sees what is in front, from the beginning', async () => {
      using ends = openEnds();
      using file = newFile();
      movePeeks(ends, 3);
      put(ends.peer, 'AA');
      put(ends.peer, 'BBBB', [file.fd]);
      ends.socket.allowReading(Infinity, Infinity, look);
      await ends.recorder.until(() => ends.recorder.text.length === 6 || ends.recorder.shown.length > 0);
      expect(ends.recorder.shown).toEqual(look === 'contents' ? ['AABBBB'] : []);
      await ends.recorder.until(() => ends.recorder.text.length === 6);
      expect(segments(ends)).toEqual([['AABBBB', 1, 0]]);
    });

    it('reads on, and does not wake up for nothing', async () => {
      using ends = openEnds();
      ends.socket.allowReading(Infinity, Infinity, look);
      put(ends.peer, 'AA');
      await ends.recorder.until(() => ends.recorder.text.length === 2);
      movePeeks(ends, 10_000);
      put(ends.peer, 'BB');
      await ends.recorder.until(() => ends.recorder.text.length === 4);
      expect(ends.recorder.text).toBe('AABB');
    });
  },
);
