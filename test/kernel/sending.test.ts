import { addon } from '../../packages/binding-native';
import { Pair } from './pair';
import { probe } from './probe';

// The numbers are those of docs/kernel.md.

test('14: 253 descriptors go with one sendmsg, of 254 none', () => {
  using pair = new Pair();
  const standardInput = (count: number) => Array<number>(count).fill(0);
  expect(pair.trySend(Buffer.from('A'), standardInput(254))).toBe('EINVAL');
  expect(pair.receiveCounts()).toBe('EAGAIN');
  expect(pair.trySend(Buffer.from('A'), standardInput(253))).toBe(1);
  expect(pair.receiveCounts()).toEqual(['A', 253]);
});

test('14: the 253 are counted over all control messages', async () => {
  const seen = await probe(`
a, b = pair()
tell(attempt(a.sendmsg, [b'A'], [rights(*[0] * 200), rights(*[0] * 53)]), attempt(a.sendmsg, [b'A'], [rights(*[0] * 200), rights(*[0] * 54)]))`);
  expect(seen).toEqual([1, 'EINVAL']);
});

test('15: descriptors without bytes are dropped, and the call succeeds', () => {
  using pair = new Pair();
  // raw.sendMessage() refuses this.
  expect(addon.sendMessage(pair.sender.fd, Buffer.alloc(0), [0])).toBe(0);
  expect(pair.receiveCounts()).toBe('EAGAIN');
});

test('16: with one bad descriptor nothing is sent', () => {
  using pair = new Pair();
  expect(pair.trySend(Buffer.from('A'), [0, 999_999])).toBe('EBADF');
  expect(pair.receiveCounts()).toBe('EAGAIN');
});

test('16: O_PATH descriptors can be passed', async () => {
  const seen = await probe(`
a, b = pair()
send(a, b'A', 1, os.open('/', os.O_PATH))
_, fds, _ = recvmsg(b)
tell(bool(fcntl.fcntl(fds[0], fcntl.F_GETFL) & os.O_PATH))`);
  expect(seen).toEqual([true]);
});

test.each([8192, 65536, undefined])(
  '17: with SO_SNDBUF %p the descriptors come with the first segment',
  async (size) => {
    using pair = new Pair(size);
    const [pageSize] = (await probe('tell(resource.getpagesize())')) as [number];
    // 32 KiB of page fragments, or one page where that is larger, and what is left of the head's own page.
    const firstSegment = Math.min(pair.sendBuffer / 2 - 64, Math.max(32 * 1024, pageSize) + 3776);
    const sent = pair.trySend(Buffer.alloc(100_000), [0]);
    const first = pair.receiveCounts();
    const second = pair.receiveCounts();
    expect([first[0].length, first[1]]).toEqual([firstSegment, 1]);
    expect([second[0].length, second[1]]).toEqual([Number(sent) - firstSegment, 0]);
  },
);

test('18: a short count means that the descriptors went; EAGAIN, that they did not', () => {
  using pair = new Pair(8192);
  const accepted = pair.trySend(Buffer.alloc(100_000), [0]);
  expect(accepted).toBeGreaterThan(0);
  expect(accepted).toBeLessThan(100_000);
  expect(pair.trySend(Buffer.from('A'), [0])).toBe('EAGAIN');
  const got = [];
  for (let each = pair.receiveCounts(); each !== 'EAGAIN'; each = pair.receiveCounts()) got.push(each[1]);
  expect(got.reduce<number>((sum, count) => sum + Number(count), 0)).toBe(1);
  expect(pair.trySend(Buffer.from('A'), [0])).toBe(1);
  expect(pair.receiveCounts()).toEqual(['A', 1]);
});

test('19: a full socket refuses one byte although hundreds were read', () => {
  using pair = new Pair();
  while (typeof pair.trySend(Buffer.alloc(1000)) === 'number');
  expect(pair.trySend(Buffer.from('A'))).toBe('EAGAIN');
  expect(pair.receiveCounts(500)).not.toBe('EAGAIN');
  expect(pair.trySend(Buffer.from('A'))).toBe('EAGAIN');
});

test('20: too many descriptors in flight are refused until the receiver reads', async () => {
  const seen = await probe(`
unprivileged()
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
a, b = pair()
count = 0
while isinstance(result := send(a, b'q', 1), int):
    count += 1
plain = send(a, b'q')
receive(b)
tell(result, count >= 64, plain, send(a, b'q', 1))`);
  expect(seen).toEqual(['ETOOMANYREFS', true, 1, 1]);
});

test('21: SO_PASSRIGHTS off refuses the sender with EPERM, where the kernel has it', async () => {
  const seen = await probe(`
SO_PASSRIGHTS = 83
a, b = pair()
send(a, b'queued', 1)
off = attempt(b.setsockopt, S.SOL_SOCKET, SO_PASSRIGHTS, 0)
tell(off, send(a, b'A', 1), send(a, b'A'), receive(b))`);
  // Linux before 6.16 does not know the option.
  expect([
    [null, 'EPERM', 1, ['queued', 1, false]],
    ['ENOPROTOOPT', 1, 1, ['queued', 1, false]],
  ]).toContainEqual(seen);
});

test('22: sending to a peer that is gone gives EPIPE', () => {
  using pair = new Pair();
  pair.receiver.close();
  expect(pair.trySend(Buffer.from('A'), [0])).toBe('EPIPE');
});

test('22: without MSG_NOSIGNAL it raises SIGPIPE', async () => {
  const seen = await probe(`
import signal
raised = []
signal.signal(signal.SIGPIPE, lambda *_: raised.append('SIGPIPE'))
results = []
for flags in (0, S.MSG_NOSIGNAL):
    a, b = pair()
    b.close()
    results.append(send(a, b'A', flags=flags))
tell(results, raised)`);
  expect(seen).toEqual([['EPIPE', 'EPIPE'], ['SIGPIPE']]);
});
