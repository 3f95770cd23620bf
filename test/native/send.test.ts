import { addon, nativeDescriptors } from '../../packages/binding-native';
import { identity } from '../support/descriptors';
import { newFile, openEnds } from './recorder';

function receive(fd: number): { text: string; fds: number[] } | string {
  const buffer = Buffer.alloc(65536);
  const received = addon.receiveMessage(fd, buffer);
  if (received < 0) return 'nothing';
  const [count = 0] = addon.readState;
  return { text: buffer.toString('latin1', 0, received), fds: [...addon.readFds.subarray(0, count)] };
}

function part(text: string, fds: readonly number[] = []) {
  return { bytes: Buffer.from(text), fds };
}

it('keeps descriptors to the bytes of their own part', () => {
  using ends = openEnds();
  using first = newFile();
  using second = newFile();
  const parts = [part('a'), part('b'), part('C', [first.fd]), part('D', [second.fd, first.fd]), part('e'), part('f')];
  expect(ends.socket.sendParts(parts)).toEqual({ accepted: 6 });
  const messages = [receive(ends.peer.fd), receive(ends.peer.fd), receive(ends.peer.fd), receive(ends.peer.fd)];
  const seen = messages.map((message) =>
    typeof message === 'string' ? message : [message.text, ...message.fds.map(identity)],
  );
  nativeDescriptors.closeAll(messages.flatMap((message) => (typeof message === 'string' ? [] : message.fds)));
  expect(seen).toEqual([
    ['abC', identity(first.fd)],
    ['D', identity(second.fd), identity(first.fd)],
    ['ef'],
    'nothing',
  ]);
});

it('sends any number of plain parts', () => {
  using ends = openEnds();
  const parts = Array.from({ length: 1000 }, (_, index) => part(String(index % 10)));
  expect(ends.socket.sendParts(parts)).toEqual({ accepted: 1000 });
  expect(receive(ends.peer.fd)).toEqual({ text: '0123456789'.repeat(100), fds: [] });
});

it('sends no part after one that the kernel took in part, and tells when there is room', async () => {
  using ends = openEnds();
  using file = newFile();
  const sent = ends.socket.sendParts([{ bytes: Buffer.alloc(10_000_000), fds: [] }, part('x', [file.fd])]);
  expect(sent.error).toBe('EAGAIN');
  expect(sent.accepted).toBeGreaterThan(0);
  expect(sent.accepted).toBeLessThan(10_000_000);
  expect(ends.socket.sendParts([part('x', [file.fd])])).toEqual({ accepted: 0, error: 'EAGAIN' });
  ends.socket.watchWritable();
  let drained = 0;
  for (let got = receive(ends.peer.fd); typeof got !== 'string'; got = receive(ends.peer.fd)) {
    expect(got.fds).toEqual([]);
    drained += got.text.length;
  }
  expect(drained).toBe(sent.accepted);
  await ends.recorder.until(() => ends.recorder.writables === 1);
});

it('refuses descriptors without bytes, which the kernel would drop', () => {
  using ends = openEnds();
  using file = newFile();
  expect(ends.socket.sendParts([part('a'), part('', [file.fd]), part('b')])).toEqual({ accepted: 1, error: 'EINVAL' });
  expect(receive(ends.peer.fd)).toEqual({ text: 'a', fds: [] });
});

it('passes over parts without anything', () => {
  using ends = openEnds();
  expect(ends.socket.sendParts([part(''), part('a'), part(''), part('b'), part('')])).toEqual({ accepted: 2 });
  expect(ends.socket.sendParts([part('')])).toEqual({ accepted: 0 });
  expect(ends.socket.sendParts([])).toEqual({ accepted: 0 });
});

it.each([
  ['more than 253 descriptors', (fd: number) => Array.from({ length: 254 }, () => fd), 'EINVAL'],
  ['a descriptor that is not open', (fd: number) => [fd, 1_000_000], 'EBADF'],
  ['a negative descriptor', (fd: number) => [fd, -1], 'EBADF'],
])('sends nothing of a part with %s', (_what, fds, error) => {
  using ends = openEnds();
  using file = newFile();
  expect(ends.socket.sendParts([part('a'), part('b', fds(file.fd))])).toEqual({ accepted: 1, error });
  expect(receive(ends.peer.fd)).toEqual({ text: 'a', fds: [] });
  expect(receive(ends.peer.fd)).toBe('nothing');
});

it('passes descriptor 0', () => {
  using ends = openEnds();
  expect(ends.socket.sendParts([part('x', [0])])).toEqual({ accepted: 1 });
  const received = receive(ends.peer.fd);
  const fds = typeof received === 'string' ? [] : received.fds;
  const seen = fds.map(identity);
  nativeDescriptors.closeAll(fds);
  expect(seen).toEqual([identity(0)]);
});

it('sends nothing of memory that was transferred away while the arrays were read', () => {
  using ends = openEnds();
  const first = new Uint8Array(Buffer.from('first'));
  let taken: Uint8Array | undefined;
  // Reading an element may run anything.
  const bytes = Object.defineProperty([first, Buffer.alloc(0)], 1, {
    get() {
      taken ??= structuredClone(first, { transfer: [first.buffer] }).fill(120);
      return Buffer.from('second');
    },
  });
  expect(addon.sendMany(ends.socket.fd, bytes, [0, 0], [])).toBe(6);
  expect(taken).toHaveLength(5);
  expect(receive(ends.peer.fd)).toEqual({ text: 'second', fds: [] });
});
