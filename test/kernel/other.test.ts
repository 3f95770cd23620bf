import { c } from '../support/children';
import { probe } from './probe';

// The numbers are those of docs/kernel.md.

test('23: SEQPACKET keeps messages apart, also an empty one with a descriptor', async () => {
  const seen = await probe(`
a, b = pair(S.SOCK_SEQPACKET)
send(a, b'AAA')
send(a, b'BBB', 1)
send(a, b'', 1)
send(a, b'CCCC')
got = [receive(b), receive(b), receive(b)]
data, _, flags = recvmsg(b, 2)
rest = receive(b)
a.close()
tell(got, [data.decode(), bool(flags & S.MSG_TRUNC)], rest, [receive(b), receive(b)])`);
  expect(seen).toEqual([
    [
      ['AAA', 0, false],
      ['BBB', 1, false],
      ['', 1, false],
    ],
    ['CC', true],
    'EAGAIN',
    [
      ['', 0, false],
      ['', 0, false],
    ],
  ]);
});

test('23: datagrams keep them apart too', async () => {
  const seen = await probe(`
a, b = pair(S.SOCK_DGRAM)
send(a, b'AAA')
send(a, b'BBB', 1)
send(a, b'', 1)
send(a, b'CCCC')
got = [receive(b), receive(b), receive(b)]
data, _, flags = recvmsg(b, 2)
tell(got, [data.decode(), bool(flags & S.MSG_TRUNC)])`);
  expect(seen).toEqual([
    [
      ['AAA', 0, false],
      ['BBB', 1, false],
      ['', 1, false],
    ],
    ['CC', true],
  ]);
});

test('26: an out-of-band byte and its descriptors are lost to recvmsg, unless SO_OOBINLINE is on', async () => {
  const seen = await probe(`
results = []
for inline in (0, 1):
    a, b = pair()
    b.setsockopt(S.SOL_SOCKET, S.SO_OOBINLINE, inline)
    send(a, b'A')
    send(a, b'x', 1, flags=S.MSG_OOB)
    send(a, b'B')
    got = []
    while not isinstance(one := receive(b), str):
        got.append(one)
    results.append([''.join(each[0] for each in got), sum(each[1] for each in got), any(each[2] for each in got)])
tell(*results)`);
  expect(seen).toEqual([
    ['AB', 0, false],
    ['AxB', 1, false],
  ]);
});

test('26: an out-of-band byte polls as POLLPRI until it is read, with SO_OOBINLINE too', async () => {
  const seen = await probe(`
results = []
for inline in (0, 1):
    a, b = pair()
    b.setsockopt(S.SOL_SOCKET, S.SO_OOBINLINE, inline)
    send(a, b'!', flags=S.MSG_OOB)
    poll = select.poll()
    poll.register(b, select.POLLPRI)
    urgent = lambda: [events for _, events in poll.poll(0)] == [select.POLLPRI]
    before = urgent()
    got = b.recv(1) if inline else b.recv(1, S.MSG_OOB)
    results.append([before, got.decode(), urgent()])
tell(results)`);
  expect(seen).toEqual([
    [
      [true, '!', false],
      [true, '!', false],
    ],
  ]);
});

test('26: epoll reports hang-ups of a socket that it watches for no events, and nothing that the peer sends', async () => {
  const seen = await probe(`
a, b = pair()
inner, outer = select.epoll(), select.epoll()
outer.register(inner, select.EPOLLIN)
inner.register(b, select.EPOLLET)
def reported():
    return [len(outer.poll(0)), [[bool(events & each) for each in (select.EPOLLHUP, select.EPOLLERR)] for _, events in inner.poll(0)]]
seen = [reported()]
send(a, b'x', 1)
seen.append(reported())
send(a, b'!', flags=S.MSG_OOB)
seen.append(reported())
a.shutdown(S.SHUT_WR)
seen.append(reported())
a.close()
seen.append(reported())
seen.append(reported())
inner.unregister(b)
inner.register(b, select.EPOLLET)
seen.append(reported())
tell(*seen)`);
  const nothing = [0, []];
  const hungUp = [1, [[true, false]]];
  expect(seen).toEqual([nothing, nothing, nothing, nothing, hungUp, nothing, hungUp]);
});

test('27: a full socket turns writable only when far more than one message was read', async () => {
  const seen = await probe(`
a, b = pair()
def writable():
    return bool(select.select([], [a], [], 0)[1])
sent = 0
while isinstance(send(a, b'x' * 1000), int):
    sent += 1000
unread = sent
while not writable():
    unread -= len(b.recv(1000))
tell(unread < sent / 2)`);
  expect(seen).toEqual([true]);
});

test('27: with too many descriptors in flight the socket stays writable, and other sockets of the user are refused too', async () => {
  const seen = await probe(`
unprivileged()
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
a, b = pair()
c, d = pair()
while isinstance(result := send(a, b'q', 1), int):
    pass
tell(result, send(c, b'q', 1), bool(select.select([], [a], [], 0)[1]))`);
  expect(seen).toEqual(['ETOOMANYREFS', 'ETOOMANYREFS', true]);
});

test('28: connecting to a full backlog gives EAGAIN though poll says ready; without listen() it gives ECONNREFUSED', async () => {
  const seen = await probe(`
with tempfile.TemporaryDirectory() as directory:
    path = directory + '/socket'
    server = S.socket(S.AF_UNIX)
    server.bind(path)
    def client():
        sock = S.socket(S.AF_UNIX)
        sock.setblocking(False)
        return sock
    refused = attempt(client().connect, path)
    server.listen(0)
    waiting = []
    while True:
        sock = client()
        result = attempt(sock.connect, path)
        if result is not None:
            break
        waiting.append(sock)
    tell(refused, result, bool(select.select([], [sock], [], 0)[1]))`);
  expect(seen).toEqual(['ECONNREFUSED', 'EAGAIN', true]);
});

test('28: fchmod of a socket before bind gives its path that mode', async () => {
  const seen = await probe(`
os.umask(0)
with tempfile.TemporaryDirectory() as directory:
    results = []
    for mode in (0o600, 0o660):
        server = S.socket(S.AF_UNIX)
        os.fchmod(server.fileno(), mode)
        server.bind(f'{directory}/{mode}')
        results.append(os.stat(f'{directory}/{mode}').st_mode & 0o777 == mode)
    tell(*results)`);
  expect(seen).toEqual([true, true]);
});

test('29: the flags of a receive with MSG_CMSG_CLOEXEC contain it', async () => {
  const seen = await probe(`
a, b = pair()
send(a, b'A')
send(a, b'B')
tell(recvmsg(b, 1)[2], recvmsg(b, 1, flags=CLOEXEC)[2] == CLOEXEC)`);
  expect(seen).toEqual([0, true]);
});

test('30: a control buffer of CMSG_SPACE(4) sent whole carries two descriptors on 64-bit systems', async () => {
  // The buffer of Technical Q&A QA1541: a struct of a header and an int, with its own size as the length of both.
  const program = c(`
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 1;
  struct { struct cmsghdr header; int fd; } control;
  memset(&control, 0, sizeof control);
  char byte = 'D';
  struct iovec data = { &byte, 1 };
  struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  control.header.cmsg_len = sizeof control;
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.fd = open("/dev/null", O_RDONLY);
  if (sendmsg(pair[0], &message, 0) != 1) return 2;

  char room[CMSG_SPACE(253 * sizeof(int))];
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  if (recvmsg(pair[1], &message, 0) != 1) return 3;
  struct cmsghdr *got = CMSG_FIRSTHDR(&message);
  size_t count = (got->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  return printf("%zu of %zu\\n", count, (sizeof control - CMSG_LEN(0)) / sizeof(int)) < 0;
}
`);
  const { stdout } = await program.succeeded();
  expect(stdout).toBe('2 of 2\n');
});

test('31: Python’s multiprocessing wants the data byte to be the number of descriptors', async () => {
  const seen = await probe(`
from multiprocessing.reduction import recvfds
results = []
for byte in (b'\\x01', b'X'):
    a, b = S.socketpair(S.AF_UNIX)
    send(a, byte, 1)
    a.shutdown(S.SHUT_WR)
    try:
        results.append(len(recvfds(b, 1)))
    except Exception as error:
        results.append(type(error).__name__)
tell(*results)`);
  expect(seen).toEqual([1, 'AssertionError']);
});

test('38: a peek that fails behind an out-of-band byte has installed a pidfd that its result does not mention', async () => {
  const seen = await probe(`
SO_PASSPIDFD = 76
def descriptors():
    return len(os.listdir('/proc/self/fd'))
counts = []
for passed in (0, 1):
    a, b = pair()
    b.setsockopt(S.SOL_SOCKET, SO_PASSPIDFD, passed)
    send(a, b'AB', flags=S.MSG_OOB)
    before = descriptors()
    counts.append([receive(b, 0, flags=S.MSG_PEEK), descriptors() - before])
tell(counts)`);
  expect(seen).toEqual([
    [
      ['EAGAIN', 0],
      ['EAGAIN', 1],
    ],
  ]);
});

test('39: an unread empty message does not reset its sender when the socket is closed, an unread byte does', async () => {
  const seen = await probe(`
results = []
for message in (b'', b'x'):
    a, b = pair(S.SOCK_SEQPACKET)
    send(a, message)
    b.close()
    results.append(receive(a))
tell(results)`);
  expect(seen).toEqual([[['', 0, false], 'ECONNRESET']]);
});

test('39: a read of 0 bytes takes the out-of-band byte, which is lost', async () => {
  const seen = await probe(`
a, b = pair()
send(a, b'x', flags=S.MSG_OOB)
tell(receive(b, 0, flags=S.MSG_OOB), receive(b, 1, flags=S.MSG_OOB))`);
  expect(seen).toEqual([['', 0, false], 'EINVAL']);
});

test('40: a listening socket that was shut down is readable, and accept gives EAGAIN or EINVAL', async () => {
  const seen = await probe(`
import errno, os, select
results = []
for blocking in (False, True):
    for how in (S.SHUT_RD, S.SHUT_RDWR):
        listener = S.socket(S.AF_UNIX)
        listener.bind(b'')
        listener.listen()
        listener.setblocking(blocking)
        S.socket(fileno=os.dup(listener.fileno())).shutdown(how)
        poll = select.poll()
        poll.register(listener, select.POLLIN | select.POLLRDHUP)
        events = poll.poll(0)[0][1]
        named = [name for name in ('POLLIN', 'POLLRDHUP', 'POLLHUP') if events & getattr(select, name)]
        try:
            listener.accept()
        except OSError as error:
            results.append([named, errno.errorcode[error.errno]])
tell(results)`);
  const shutDown = ['POLLIN', 'POLLRDHUP'];
  expect(seen).toEqual([
    [
      [shutDown, 'EAGAIN'],
      [[...shutDown, 'POLLHUP'], 'EAGAIN'],
      [shutDown, 'EINVAL'],
      [[...shutDown, 'POLLHUP'], 'EINVAL'],
    ],
  ]);
});

test('41: connecting a datagram socket is refused only where no socket is bound, and no stream server sees it', async () => {
  const seen = await probe(`
def ask(path):
    with S.socket(S.AF_UNIX, S.SOCK_DGRAM) as sock:
        return attempt(sock.connect, path)
results = []
with tempfile.TemporaryDirectory() as directory:
    for kind in (S.SOCK_STREAM, S.SOCK_SEQPACKET):
        path = f'{directory}/{int(kind)}'
        server = S.socket(S.AF_UNIX, kind)
        server.setblocking(False)
        server.bind(path)
        seen = [ask(path)]
        server.listen(0)
        seen += [ask(path), attempt(server.accept)]
        client = S.socket(S.AF_UNIX, kind)
        client.connect(path)
        seen.append(ask(path))
        accepted, _ = server.accept()
        server.shutdown(S.SHUT_RDWR)
        seen.append(ask(path))
        copy = os.dup(server.fileno())
        server.close()
        seen.append(ask(path))
        os.close(copy)
        seen.append(ask(path))
        results.append(seen)
    tell(*results)`);
  const bound = 'EPROTOTYPE';
  const expected = [bound, bound, 'EAGAIN', bound, bound, bound, 'ECONNREFUSED'];
  expect(seen).toEqual([expected, expected]);
});

test('41: a datagram socket at the path accepts it, or refuses with EPERM; what is no socket is ECONNREFUSED', async () => {
  const seen = await probe(`
def ask(path):
    with S.socket(S.AF_UNIX, S.SOCK_DGRAM) as sock:
        return attempt(sock.connect, path)
with tempfile.TemporaryDirectory() as directory:
    path = directory + '/socket'
    server = S.socket(S.AF_UNIX, S.SOCK_DGRAM)
    server.setblocking(False)
    server.bind(path)
    alive = [ask(path), attempt(server.recv, 1)]
    other = S.socket(S.AF_UNIX, S.SOCK_DGRAM)
    other.bind(directory + '/other')
    server.connect(directory + '/other')
    alive.append(ask(path))
    server.close()
    open(directory + '/file', 'w').close()
    tell(alive, [ask(path), ask(directory + '/file'), ask(directory), ask(directory + '/nothing')])`);
  expect(seen).toEqual([
    [null, 'EAGAIN', 'EPERM'],
    ['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED', 'ENOENT'],
  ]);
});

test('42: the mode of a file that is open with O_PATH changes where it is, and a symbolic link has none', async () => {
  const seen = await probe(`
import ctypes, stat
def fchmodat2(fd, mode):
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(452, fd, b'', mode, 0x1000) == 0 or errno.errorcode[ctypes.get_errno()]
os.umask(0)
with tempfile.TemporaryDirectory() as directory:
    path = directory + '/socket'
    server = S.socket(S.AF_UNIX)
    os.fchmod(server.fileno(), 0o600)
    server.bind(path)
    file = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    os.rename(path, directory + '/renamed')
    open(directory + '/strange', 'w').close()
    os.chmod(directory + '/strange', 0o600)
    os.symlink('strange', path)
    def mode(name):
        return oct(os.stat(f'{directory}/{name}').st_mode & 0o777)
    refused = attempt(os.fchmod, file, 0o666)
    # ENOSYS before Linux 6.6
    changed = fchmodat2(file, 0o660)
    first = mode('renamed') if changed is True else '0o660'
    os.chmod(f'/proc/self/fd/{file}', 0o666)
    link = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    tell(refused, first, mode('renamed'), mode('strange'), stat.S_ISLNK(os.fstat(link).st_mode),
        fchmodat2(link, 0o666) in ('EOPNOTSUPP', 'ENOTSUP', 'ENOSYS'))`);
  expect(seen).toEqual(['EBADF', '0o660', '0o666', '0o600', true, true]);
});

test('42: SIOCUNIXFILE opens the file that a socket is bound to, also when it was renamed; not without CAP_NET_ADMIN', async () => {
  const seen = await probe(`
SIOCUNIXFILE = 0x89e0
with tempfile.TemporaryDirectory() as directory:
    server = S.socket(S.AF_UNIX)
    server.bind(directory + '/socket')
    os.rename(directory + '/socket', directory + '/renamed')
    file = attempt(fcntl.ioctl, server.fileno(), SIOCUNIXFILE)
    if isinstance(file, int):
        same = os.path.sameopenfile(file, os.open(directory + '/renamed', os.O_PATH))
        permitted = [same, fcntl.fcntl(file, fcntl.F_GETFD)]
    else:
        permitted = [True, 1] if file == 'EPERM' else file
    os.chmod(directory, 0o777)
    if os.fork() == 0:
        unprivileged()
        tell(permitted, attempt(fcntl.ioctl, server.fileno(), SIOCUNIXFILE))
        sys.stdout.flush()
        os._exit(0)
    os.wait()`);
  expect(seen).toEqual([[true, 1], 'EPERM']);
});

test('43: an entry of an open directory is reached under /proc/self/fd, however long its path and wherever it was moved', async () => {
  const seen = await probe(`
with tempfile.TemporaryDirectory() as directory:
    long = directory + '/' + 'x' * 200
    os.mkdir(long)
    opened = os.open(long, os.O_RDONLY)
    os.rename(long, directory + '/moved')
    server = S.socket(S.AF_UNIX)
    path = f'/proc/self/fd/{opened}/socket'
    server.bind(path)
    server.listen()
    client = S.socket(S.AF_UNIX)
    client.connect(path)
    def bound(length):
        with S.socket(S.AF_UNIX) as sock:
            os.chdir(directory)
            return attempt(sock.bind, 'y' * length)
    tell(os.listdir(directory + '/moved'), server.getsockname() == path, bound(107))`);
  expect(seen).toEqual([['socket'], true, null]);
});
