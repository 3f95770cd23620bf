import fc from 'fast-check';
import fs from 'node:fs';
import { propertyRuns } from '../support/properties';
import { Pair } from './pair';
import { probe } from './probe';

// The numbers are those of docs/kernel.md.

test('2: plain bytes are glued in front of those with descriptors, and reading stops after these', () => {
  using pair = new Pair();
  pair.send('AAA');
  pair.send('B', 1);
  pair.send('CCC');
  expect([pair.receiveCounts(100), pair.receiveCounts(100)]).toEqual([
    ['AAAB', 1],
    ['CCC', 0],
  ]);
});

test('2: plain messages arrive as one', () => {
  using pair = new Pair();
  pair.send('AAA');
  pair.send('BBB');
  expect(pair.receiveCounts(100)).toEqual(['AAABBB', 0]);
});

test('3: the descriptors belong to the message that holds the last byte returned', () => {
  const message = fc.record({ length: fc.integer({ min: 1, max: 40 }), fds: fc.integer({ min: 0, max: 3 }) });
  const messages = fc.array(message, { minLength: 1, maxLength: 12 });
  const readSizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(messages, readSizes, (sent, sizes) => {
      using pair = new Pair();
      const ends: number[] = [];
      const identities: string[] = [];
      for (const { length, fds } of sent) {
        ends.push((ends.at(-1) ?? 0) + length);
        identities.push(pair.send(Buffer.alloc(length), fds));
      }
      let at = 0;
      for (let turn = 0; ; turn++) {
        const got = pair.receive(sizes[turn % sizes.length]);
        if (typeof got === 'string') break;
        at += got.text.length;
        const owner = ends.findIndex((end) => at - 1 < end);
        const belong = got.fds.length === 0 || got.fds.every((identity) => identity === identities[owner]);
        if (!belong || (got.fds.length > 0 && got.fds.length !== sent[owner]?.fds)) return false;
      }
      return at === ends.at(-1);
    }),
    propertyRuns,
  );
});

test('4: a read that is too small takes all descriptors, and the next one reaches into the next message', () => {
  using pair = new Pair();
  pair.send('A'.repeat(10), 1);
  pair.send('B'.repeat(10), 2);
  expect([pair.receiveCounts(4), pair.receiveCounts(100)]).toEqual([
    ['AAAA', 1],
    ['AAAAAABBBBBBBBBB', 2],
  ]);
});

test('5: read(2) stops at the same places and drops the descriptors', () => {
  using pair = new Pair();
  pair.send('A', 1);
  pair.send('B');
  const buffer = Buffer.alloc(10);
  expect(fs.readSync(pair.receiver.fd, buffer)).toBe(1);
  expect(pair.receiveCounts()).toEqual(['B', 0]);
});

test('6: a short read does not mean that the queue is empty', () => {
  using pair = new Pair();
  pair.send('A', 1);
  pair.send('B', 1);
  expect([pair.receiveCounts(), pair.receiveCounts(), pair.receiveCounts()]).toEqual([['A', 1], ['B', 1], 'EAGAIN']);
});

test('7: what does not fit the control buffer is closed, and room for one is room for two', async () => {
  const seen = await probe(`
results = []
for room in (S.CMSG_SPACE(4), S.CMSG_LEN(4), 0):
    a, b = pair()
    r, w = os.pipe()
    send(a, b'A', 5, r)
    os.close(r)
    # EPIPE: nobody has the reading end any more.
    results.append([receive(b, room=room), attempt(os.write, w, b'x')])
tell(*results)`);
  expect(seen).toEqual([
    [['A', 2, true], 'EPIPE'],
    [['A', 1, true], 'EPIPE'],
    [['A', 0, true], 'EPIPE'],
  ]);
});

test('8: with no descriptor numbers left some of the first are delivered, and MSG_CTRUNC is all that tells', async () => {
  const seen = await probe(`
a, b = pair()
r, w = os.pipe()
send(a, b'A', 10, r)
send(a, b'B', 1, r)
send(a, b'C', 1, r)
free = [number for number in range(1000) if attempt(os.fstat, number) == 'EBADF']
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (free[4], hard))
first, second = recvmsg(b), recvmsg(b)
os.close(first[1][0])
third = recvmsg(b)
tell(*[[data.decode(), len(fds), bool(flags & S.MSG_CTRUNC)] for data, fds, flags in (first, second, third)])`);
  expect(seen).toEqual([
    ['A', 4, true],
    ['B', 0, true],
    ['C', 1, false],
  ]);
});

test('9: two SCM_RIGHTS messages of one sendmsg arrive as one', async () => {
  const seen = await probe(`
a, b = pair()
r, w = os.pipe()
sent = attempt(a.sendmsg, [b'A'], [rights(r), rights(w, w)])
data, control, flags, _ = b.recvmsg(10, ROOM)
tell(sent, [[level == S.SOL_SOCKET and kind == S.SCM_RIGHTS, len(payload) // 4] for level, kind, payload in control])`);
  // Python packs each into a control message of its own.
  expect(seen).toEqual([1, [[true, 3]]]);
});

test('9: credentials come before the descriptors, and a pidfd is a descriptor too', async () => {
  const seen = await probe(`
SO_PASSPIDFD, SCM_CREDENTIALS, SCM_PIDFD = 76, 2, 4
a, b = pair()
b.setsockopt(S.SOL_SOCKET, S.SO_PASSCRED, 1)
with_pidfd = attempt(b.setsockopt, S.SOL_SOCKET, SO_PASSPIDFD, 1) is None
before = len(os.listdir('/proc/self/fd'))
send(a, b'A', 1)
_, control, _, _ = b.recvmsg(10, ROOM)
kinds = [kind for _, kind, _ in control]
opened = len(os.listdir('/proc/self/fd')) - before
tell(kinds.index(SCM_CREDENTIALS) < kinds.index(S.SCM_RIGHTS), opened == (2 if with_pidfd and SCM_PIDFD in kinds else 1))`);
  expect(seen).toEqual([true, true]);
});

test('10: close-on-exec is set by MSG_CMSG_CLOEXEC, and not without it', async () => {
  const seen = await probe(`
results = []
for flags in (CLOEXEC, 0):
    a, b = pair()
    send(a, b'A', 1)
    _, fds, _ = recvmsg(b, flags=flags)
    results.append(bool(fcntl.fcntl(fds[0], fcntl.F_GETFD) & fcntl.FD_CLOEXEC))
tell(*results)`);
  expect(seen).toEqual([true, false]);
});

test('11: peeking tells of descriptors further on, and with room for them installs copies', async () => {
  const seen = await probe(`
a, b = pair()
send(a, b'AAA')
send(a, b'B', 1)
short = receive(b, 1, room=0, flags=S.MSG_PEEK)
copies = [receive(b, flags=S.MSG_PEEK), receive(b, flags=S.MSG_PEEK), receive(b)]
tell(short, copies)`);
  expect(seen).toEqual([
    ['A', 0, true],
    [
      ['AAAB', 1, false],
      ['AAAB', 1, false],
      ['AAAB', 1, false],
    ],
  ]);
});

test('54: a peek without room for control messages ends where the first message with descriptors does', async () => {
  const seen = await probe(`
def peek(socket):
    got = attempt(socket.recvmsg, 1 << 20, 0, S.MSG_PEEK | S.MSG_DONTWAIT)
    return got if isinstance(got, str) else [got[0].decode(), bool(got[2] & S.MSG_CTRUNC)]
a, b = pair()
send(a, b'AA')
send(a, b'BB')
plain = peek(b)
send(a, b'CCC', 1)
send(a, b'DD')
send(a, b'E', 1)
ahead = peek(b)
within = [receive(b, 5), peek(b)]
behind = [receive(b, 2), peek(b)]
c, d = pair()
send(c, b'x' * 100000, 1)
split = len(peek(d)[0])
e, f = pair()
send(f, b'unread')
e.close()
g, h = pair()
send(g, b'ABC')
h.setsockopt(S.SOL_SOCKET, 42, 1) # SO_PEEK_OFF
moved = [peek(h), peek(h), select.select([h], [], [], 0)[0] == [h], h.getsockopt(S.SOL_SOCKET, 42)]
h.setsockopt(S.SOL_SOCKET, 42, -1)
tell(plain, ahead, within, behind, split, [peek(f), peek(f)], moved + [peek(h)])`);
  expect(seen).toEqual([
    ['AABB', false],
    ['AABBCCC', true],
    [
      ['AABBC', 1, false],
      ['CCDDE', true],
    ],
    [
      ['CC', 0, false],
      ['DDE', true],
    ],
    36544,
    ['ECONNRESET', ['', false]],
    [['BC', false], 'EAGAIN', true, 3, ['ABC', false]],
  ]);
});

test('12: descriptor 0 is delivered like any other', async () => {
  const seen = await probe(`
a, b = pair()
os.close(0)
send(a, b'A', 1, 1)
data, fds, flags = recvmsg(b)
tell(fds)`);
  expect(seen).toEqual([[0]]);
});

test('13: what was sent before the peer closed arrives, and then the end', () => {
  using pair = new Pair();
  pair.send('A', 1);
  pair.sender.close();
  expect([pair.receiveCounts(), pair.receiveCounts(), pair.receiveCounts()]).toEqual([
    ['A', 1],
    ['', 0],
    ['', 0],
  ]);
});

test('13: a peer that closes with our bytes unread gives ECONNRESET after what it sent, and then the end', async () => {
  const seen = await probe(`
a, b = pair()
send(b, b'never read')
send(a, b'A')
a.close()
tell(receive(b), receive(b), receive(b))`);
  expect(seen).toEqual([['A', 0, false], 'ECONNRESET', ['', 0, false]]);
});
