import { probe } from './probe';

// The numbers are those of docs/kernel.md.

const QUEUED = `
import struct, termios
def queued(sock):
    "SIOCOUTQ"
    return struct.unpack('i', fcntl.ioctl(sock, termios.TIOCOUTQ, b'\\0' * 4))[0]
def unread(sock):
    "SIOCINQ"
    return struct.unpack('i', fcntl.ioctl(sock, termios.FIONREAD, b'\\0' * 4))[0]
`;

test('32: a segment occupies 256 bytes, a power of two for its head, and whole pages for the rest', async () => {
  const seen = await probe(`${QUEUED}
sizes = []
for length in (1, 192, 193, 704, 705, 1728, 1729, 3776, 3777, 4096, 36544):
    a, b = pair()
    send(a, b'x' * length)
    sizes.append(queued(a))
tell(sizes)`);
  expect(seen).toEqual([[768, 768, 1280, 1280, 2304, 2304, 4352, 4352, 4864, 4864, 37120]]);
});

test('32: it is free when the last byte was received', async () => {
  const seen = await probe(`${QUEUED}
a, b = pair()
send(a, b'x' * 100)
send(a, b'y')
before = queued(a)
b.recv(99)
part = queued(a)
b.recv(1)
tell(before, part, queued(a))`);
  expect(seen).toEqual([1536, 1536, 768]);
});

test('33: SIOCINQ tells the bytes that wait, and counts an out-of-band byte that was passed over for ever', async () => {
  const seen = await probe(`${QUEUED}
a, b = pair()
send(a, b'0123456789')
counts = [unread(b)]
b.recv(4)
counts.append(unread(b))
b.recv(10)
counts.append(unread(b))
send(a, b'x', flags=S.MSG_OOB)
passed = receive(b)
counts.append(unread(b))
tell(counts, passed)`);
  expect(seen).toEqual([[10, 6, 0, 1], 'EAGAIN']);
});

test('34: a read of 0 bytes takes the descriptors of the segment in front', async () => {
  const seen = await probe(`
a, b = pair()
send(a, b'AB', 2)
in_front = [receive(b, 0), receive(b)]
send(a, b'A')
send(a, b'B', 1)
tell(in_front, [receive(b, 0), receive(b)])`);
  expect(seen).toEqual([
    [
      ['', 2, false],
      ['AB', 0, false],
    ],
    [
      ['', 0, false],
      ['AB', 1, false],
    ],
  ]);
});

test('35: a socket that only a message in itself refers to is closed when another socket is', async () => {
  const seen = await probe(`
a, b = pair()
send(a, b'x', 1, b.fileno())
b.close()
kept = attempt(a.recv, 1)
a.setblocking(True)
a.settimeout(10)
other, another = pair()
other.close()
tell(kept, a.recv(1).decode(), send(a, b'y'))`);
  expect(seen).toEqual(['EAGAIN', '', 'EPIPE']);
});

test('36: what was sent before SO_PASSCRED comes from nobody, and is not joined with what comes after', async () => {
  const seen = await probe(`
import struct
def receive_from(sock):
    data, control, _, _ = sock.recvmsg(10, ROOM)
    pid, uid, gid = struct.unpack('iII', control[0][2])
    return [data.decode(), 'sender' if pid == os.getpid() else pid, uid]
a, b = pair()
send(a, b'A')
b.setsockopt(S.SOL_SOCKET, S.SO_PASSCRED, 1)
send(a, b'B')
got = [receive_from(b), receive_from(b)]
a.close()
tell(got, receive_from(b))`);
  expect(seen).toEqual([
    [
      ['A', 0, 65534],
      ['B', 'sender', expect.any(Number)],
    ],
    ['', 0, 0],
  ]);
});

test('37: on a stream the error of a peer that closed with unread bytes comes behind what it sent, else before', async () => {
  const seen = await probe(`
results = []
for kind in (S.SOCK_STREAM, S.SOCK_SEQPACKET):
    a, b = pair(kind)
    send(a, b'A')
    send(b, b'unread')
    a.close()
    results.append([receive(b), receive(b), receive(b)])
c, d = pair(S.SOCK_DGRAM)
send(c, b'A')
c.close()
tell(results, [send(d, b'x'), send(d, b'x'), receive(d)])`);
  expect(seen).toEqual([
    [
      [['A', 0, false], 'ECONNRESET', ['', 0, false]],
      ['ECONNRESET', ['A', 0, false], ['', 0, false]],
    ],
    ['ECONNREFUSED', 'ENOTCONN', 'EAGAIN'],
  ]);
});
