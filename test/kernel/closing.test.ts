import { probe } from './probe';

// The numbers are those of docs/kernel.md.

/** A TCP socket whose last close waits, for up to ten minutes, until its other end is closed. */
const SLOW = `
import struct, threading
def slow():
    listener = S.socket()
    listener.setsockopt(S.SOL_SOCKET, S.SO_RCVBUF, 4096)
    listener.bind(('127.0.0.1', 0))
    listener.listen()
    near = S.create_connection(listener.getsockname())
    far, _ = listener.accept()
    near.setblocking(False)
    try:
        while True: near.send(bytes(65536))
    except BlockingIOError: pass
    near.setsockopt(S.SOL_SOCKET, S.SO_LINGER, struct.pack('ii', 1, 600))
    return near.detach(), far
def closing(fd):
    thread = threading.Thread(target=os.close, args=[fd], daemon=True)
    thread.start()
    return thread
def is_open(fd):
    return attempt(fcntl.fcntl, fd, fcntl.F_GETFD) != 'EBADF'
`;

test('44: the last close of a TCP socket that lingers waits for the other end; the number is free at once', async () => {
  const seen = await probe(`${SLOW}
near, far = slow()
copy = os.dup(near)
os.close(copy)
thread = closing(near)
while is_open(near): pass
waits = thread.is_alive()
far.close()
thread.join()
tell(waits)`);
  expect(seen).toEqual([true]);
});

test('44: closing a Unix socket waits for what is in its queue; its peer hears of the end before', async () => {
  const seen = await probe(`${SLOW}
near, far = slow()
a, b = pair()
send(a, b'x', 1, near)
os.close(near)
thread = closing(b.detach())
poll = select.poll()
poll.register(a, 0)
while not poll.poll(0): pass
waits = thread.is_alive()
far.close()
thread.join()
tell(waits)`);
  expect(seen).toEqual([true]);
});

test('45: after SHUT_RD the peer cannot send, and hears of no end; what is queued can be read', async () => {
  const seen = await probe(`
a, b = pair()
send(a, b'x', 1)
b.shutdown(S.SHUT_RD)
tell(attempt(send, a, b'y'), attempt(a.recv, 1, S.MSG_DONTWAIT), attempt(recvmsg, b)[0].decode(), attempt(recvmsg, b)[0].decode())`);
  expect(seen).toEqual(['EPIPE', 'EAGAIN', 'x', '']);
});

test('46: a byte out of band hides descriptors with it and behind it from a peek; POLLPRI tells of it, and SIOCINQ counts it', async () => {
  const seen = await probe(`
import termios
def peek(socket):
    got = attempt(socket.recvmsg, 1, 0, S.MSG_PEEK | S.MSG_DONTWAIT)
    return got if isinstance(got, str) else [got[0].decode(), bool(got[2] & S.MSG_CTRUNC)]
def urgent(socket):
    poll = select.poll()
    poll.register(socket, select.POLLPRI)
    return bool(poll.poll(0))
def queued(socket):
    return struct.unpack('i', fcntl.ioctl(socket, termios.FIONREAD, bytes(4)))[0]
import struct
zero = [(S.SOL_SOCKET, S.SCM_RIGHTS, struct.pack("i", 0))]
a, b = pair()
a.send(b'a')
a.send(b'!', S.MSG_OOB)
send(a, b'x', 1)
c, d = pair()
c.sendmsg([b"!"], zero, S.MSG_OOB)
tell(peek(b), urgent(b), queued(b), peek(d), urgent(d), queued(d))`);
  expect(seen).toEqual([['a', false], true, 3, 'EAGAIN', true, 1]);
});

test('46: a peek of a byte without room for control messages tells whether there are descriptors anywhere', async () => {
  const seen = await probe(`
def peek(socket):
    got = attempt(socket.recvmsg, 1, 0, S.MSG_PEEK | S.MSG_DONTWAIT)
    return got if isinstance(got, str) else [got[0].decode(), bool(got[2] & S.MSG_CTRUNC)]
a, b = pair()
seen = [peek(b)]
send(a, b'first')
send(a, b'second')
seen.append(peek(b))
send(a, b'third', 1)
before = len(os.listdir('/proc/self/fd'))
seen += [peek(b), peek(b), len(os.listdir('/proc/self/fd')) - before]
c, d = pair()
d.setsockopt(S.SOL_SOCKET, S.SO_PASSCRED, 1)
send(c, b'plain')
tell(*seen, peek(d))`);
  expect(seen).toEqual(['EAGAIN', ['f', false], ['f', true], ['f', true], 0, ['p', true]]);
});
