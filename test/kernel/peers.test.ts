import { probe } from './probe';

// The numbers are those of docs/kernel.md.

const PEERS = `
import struct, time

SO_PEERGROUPS, SO_PEERPIDFD, SO_PASSRIGHTS = 59, 77, 83

def credentials(sock):
    return list(struct.unpack('3i', sock.getsockopt(S.SOL_SOCKET, S.SO_PEERCRED, 12)))

def listener(name):
    sock = S.socket(S.AF_UNIX)
    sock.bind('\\0ancillary-%s-%d' % (name, os.getpid()))
    sock.listen()
    return sock

def client(sock):
    one = S.socket(S.AF_UNIX)
    one.connect(sock.getsockname())
    return one

def pid_of(pidfd):
    with open('/proc/self/fdinfo/%d' % pidfd) as info:
        return int(next(line for line in info if line.startswith('Pid:'))[4:])
`;

test('55: SO_PEERCRED has the effective ids at connect(2), whatever they become, and SO_PEERGROUPS its groups then', async () => {
  const seen = await probe(`${PEERS}
server = listener('connecting')
child = os.fork()
if child == 0:
    os.setgroups([7, 9, 11]); os.setegid(5); os.seteuid(1234)
    one = client(server)
    os.seteuid(0); os.setegid(0); os.setgroups([]); os.setuid(4321)
    one.send(b'changed')
    one.recv(1)
    os._exit(0)
accepted, _ = server.accept()
accepted.recv(10)
pid, *ids = credentials(accepted)
tight = attempt(accepted.getsockopt, S.SOL_SOCKET, SO_PEERGROUPS, 8)
groups = list(struct.unpack('3I', accepted.getsockopt(S.SOL_SOCKET, SO_PEERGROUPS, 400)))
passed = S.socket(fileno=os.dup(accepted.fileno()))
accepted.close()
tell(pid == child, ids, tight, groups, credentials(passed)[1:])
passed.close(); os.waitpid(child, 0)`);
  expect(seen).toEqual([true, [1234, 5], 'ERANGE', [7, 9, 11], [1234, 5]]);
});

test('55: a client sees who called listen(2) last before it connected, whoever bound or accepts', async () => {
  const seen = await probe(`${PEERS}
sock = S.socket(S.AF_UNIX)
sock.bind('\\0ancillary-listening-%d' % os.getpid())
results = []
for uid in (99, 77):
    os.seteuid(uid); sock.listen(); os.seteuid(0)
    results.append(client(sock))
a, b = pair()
tell([credentials(each)[1] for each in results], credentials(a) == [os.getpid(), os.geteuid(), os.getegid()])`);
  expect(seen).toEqual([[99, 77], true]);
});

test('56: SO_PEERPIDFD is close-on-exec and means the process that connected, also once it is gone', async () => {
  const seen = await probe(`${PEERS}
server = listener('pidfd')
def one():
    child = os.fork()
    if child == 0:
        connected = client(server)
        connected.recv(1)
        os._exit(0)
    accepted, _ = server.accept()
    return child, accepted
child, alive = one()
pidfd = attempt(alive.getsockopt, S.SOL_SOCKET, SO_PEERPIDFD)
if isinstance(pidfd, str):
    tell(pidfd)
else:
    first = [pid_of(pidfd) == child, fcntl.fcntl(pidfd, fcntl.F_GETFD), alive.getsockopt(S.SOL_SOCKET, SO_PEERPIDFD) != pidfd]
    gone, dead = one()
    for sock in (alive, dead):
        sock.send(b'x')
    os.waitpid(child, 0); os.waitpid(gone, 0)
    after = attempt(dead.getsockopt, S.SOL_SOCKET, SO_PEERPIDFD)
    number = after if isinstance(after, str) else pid_of(after)
    tell(first, pid_of(pidfd), number, credentials(dead)[0] == gone)`);
  // Linux before 6.5 does not know it, and before 6.16 refuses to make one of a process that was waited for.
  expect([
    ['ENOPROTOOPT'],
    [[true, 1, true], -1, 'EINVAL', true],
    [[true, 1, true], -1, 'ESRCH', true],
    [[true, 1, true], -1, -1, true],
  ]).toContainEqual(seen);
});

test('57: connections have SO_PASSRIGHTS of the listening socket as it was when they were made', async () => {
  const seen = await probe(`${PEERS}
server = listener('rights')
before = client(server)
off = attempt(server.setsockopt, S.SOL_SOCKET, SO_PASSRIGHTS, 0)
after = client(server)
sent = [send(before, b'A', 1), send(after, b'A', 1), send(after, b'A')]
server.accept()[0].close()
accepted, _ = server.accept()
told = attempt(accepted.getsockopt, S.SOL_SOCKET, SO_PASSRIGHTS)
other = listener('client')
one = S.socket(S.AF_UNIX)
attempt(one.setsockopt, S.SOL_SOCKET, SO_PASSRIGHTS, 0)
one.connect(other.getsockname())
tell(off, sent, told, send(other.accept()[0], b'A', 1))`);
  expect([
    [null, [1, 'EPERM', 1], 0, 'EPERM'],
    ['ENOPROTOOPT', [1, 1, 1], 'ENOPROTOOPT', 1],
  ]).toContainEqual(seen);
});
