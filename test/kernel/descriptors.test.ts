import { IN_OWN_TMPFS } from '../support/python-forged-memfds';
import { probe } from './probe';

// The numbers are those of docs/kernel.md.

test('51: what looks like a memfd in a tmpfs differs from one by its device alone', async () => {
  const seen = await probe(`${IN_OWN_TMPFS}
forged = os.open('/tmp/memfd:x', os.O_RDWR | os.O_CREAT)
os.unlink('/tmp/memfd:x')
detach()
real, other = os.memfd_create('x', 0), os.memfd_create('y', os.MFD_ALLOW_SEALING)
def facts(fd):
    return [os.readlink(f'/proc/self/fd/{fd}'), os.fstat(fd).st_nlink, attempt(fcntl.fcntl, fd, fcntl.F_GET_SEALS)]
def device(fd):
    return os.fstat(fd).st_dev
huge = libc.memfd_create(b'huge', HUGETLB)
tell(facts(forged), facts(real), device(real) == device(other), device(real) == device(forged),
     huge >= 0 and device(huge) in (device(real), device(forged)))`);
  const facts = ['/memfd:x (deleted)', 0, 1];
  expect(seen).toEqual([facts, facts, true, false, false]);
});

test('52: O_NONBLOCK is that of the open file, and polling an epoll instance leaves it alone', async () => {
  const seen = await probe(`
a, b = pair()
reader, writer = os.pipe()
send(a, b'x', 1, writer)
_, (received,), _ = recvmsg(b)
def nonblocking(fd):
    return bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK)
before = nonblocking(writer)
fcntl.fcntl(received, fcntl.F_SETFL, os.O_NONBLOCK)
changed = nonblocking(writer)
inner, outer = select.epoll(), select.epoll()
inner.register(reader, select.EPOLLIN)
outer.register(inner.fileno(), select.EPOLLIN)
empty = outer.poll(0)
os.write(writer, b'x')
tell(before, changed, empty, [fd for fd, _ in outer.poll(0)] == [inner.fileno()], nonblocking(reader))`);
  expect(seen).toEqual([false, true, [], true, false]);
});

test('52: what is always ready cannot be polled', async () => {
  const seen = await probe(`
poll = select.epoll()
with tempfile.TemporaryFile() as file:
    fds = [file.fileno()] + [os.open(name, os.O_RDWR) for name in ('/dev/null', '/dev/urandom')]
    tell([attempt(poll.register, fd) for fd in fds])`);
  expect(seen).toEqual([['EPERM', 'EPERM', 'EPERM']]);
});

test('52: an epoll instance has a descriptor as long as somebody else has its open file', async () => {
  const seen = await probe(`
reader, writer = os.pipe()
poll = select.epoll()
poll.register(reader)
copy = os.dup(reader)
os.close(reader)
os.write(writer, b'x')
kept = len(poll.poll(0))
os.close(copy)
tell(kept, len(poll.poll(0)))`);
  expect(seen).toEqual([1, 0]);
});

test('53: RWF_NOWAIT does not wait on a pipe in blocking mode, and is refused by named pipes and terminals', async () => {
  const seen = await probe(`
import pty
def read(fd, size=1 << 20):
    return attempt(os.preadv, fd, [bytearray(size)], -1, os.RWF_NOWAIT)
def write(fd, size):
    return attempt(os.pwritev, fd, [bytes(size)], -1, os.RWF_NOWAIT)
reader, writer = os.pipe()
on_pipe = [read(reader), write(writer, 1_000_000), write(writer, 1), read(reader, 10), read(reader)]
with tempfile.TemporaryDirectory() as directory:
    os.mkfifo(directory + '/fifo')
    named = os.open(directory + '/fifo', os.O_RDWR)
master, terminal = pty.openpty()
poll = select.poll()
poll.register(writer, select.POLLOUT)
write(writer, 61_441)
while not poll.poll(0):
    os.read(reader, 1)
tell(on_pipe, [read(named), read(master), write(terminal, 1)], write(writer, 4096))`);
  expect(seen).toEqual([['EAGAIN', 65_536, 'EAGAIN', 10, 65_526], ['ENOTSUP', 'ENOTSUP', 'ENOTSUP'], 4096]);
});

test('59: a named pipe and a terminal can be opened again, and do not wait then; /dev/ptmx makes another pty', async () => {
  const seen = await probe(`
import pty, struct, termios
def again(fd, flags):
    return attempt(os.open, f'/proc/self/fd/{fd}', flags | os.O_NONBLOCK | os.O_NOCTTY)
def number(master):
    return struct.unpack('i', fcntl.ioctl(master, 0x80045430, bytes(4)))
def polled(fd):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return [events for _, events in poll.poll(0)]
master, terminal = pty.openpty()
mode = termios.tcgetattr(terminal)
mode[3] &= ~(termios.ICANON | termios.ECHO)
mode[6][termios.VMIN] = mode[6][termios.VTIME] = 255
termios.tcsetattr(terminal, termios.TCSANOW, mode)
os.write(master, b'a')
ours = again(terminal, os.O_RDONLY)
seen = [polled(terminal) == [select.POLLIN], os.read(ours, 255).decode(), attempt(os.read, ours, 255)]
blocking = [bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK) for fd in (terminal, ours)]
other = again(master, os.O_RDWR)
with tempfile.TemporaryDirectory() as directory:
    os.mkfifo(directory + '/fifo')
    writer = os.open(directory + '/fifo', os.O_RDWR)
    reader = os.open(directory + '/fifo', os.O_RDONLY)
    os.mkfifo(directory + '/unread')
    unread = os.open(directory + '/unread', os.O_RDONLY | os.O_NONBLOCK)
os.close(writer)
new = again(reader, os.O_RDONLY)
named = [polled(reader) == [select.POLLHUP], polled(new), os.read(new, 1).decode()]
tell(seen, blocking, number(master) == number(other), named)`);
  expect(seen).toEqual([[true, 'a', 'EAGAIN'], [false, true], false, [true, [], '']]);
});

test('59: the end of a pty that is /dev/ptmx takes 256 bytes whenever it polls as writable', async () => {
  const seen = await probe(`
import pty, signal, tty
signal.alarm(20)
master, terminal = pty.openpty()
tty.setraw(terminal)
poll = select.poll()
poll.register(master, select.POLLOUT)
written = []
for turn in range(300):
    while poll.poll(0):
        written.append(os.write(master, bytes(256)))
    os.read(terminal, 1 + turn * 37 % 700)
tell(len(written) > 300, set(written) == {256})`);
  expect(seen).toEqual([true, true]);
});

test('58: the size of /proc/self/fd is the number of open descriptors', async () => {
  const seen = await probe(`
def count():
    return os.stat('/proc/self/fd').st_size
def listed():
    # But for the one that lists.
    return len(os.listdir('/proc/self/fd')) - 1
before = count()
far = fcntl.fcntl(0, fcntl.F_DUPFD, 200)
more = [os.dup(0) for _ in range(5)]
tell(before == listed() - 6, count() - before, count() == listed())`);
  expect(seen).toEqual([true, 6, true]);
});
