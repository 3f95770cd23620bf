import { python } from '../support/children';

const PRELUDE = `
import array, errno, fcntl, json, os, resource, select, socket as S, sys, tempfile

ROOM = S.CMSG_SPACE(253 * 4) + 1024
CLOEXEC = getattr(S, 'MSG_CMSG_CLOEXEC', 0x40000000)

def pair(kind=S.SOCK_STREAM):
    a, b = S.socketpair(S.AF_UNIX, kind)
    a.setblocking(False)
    b.setblocking(False)
    return a, b

def attempt(call, *args):
    "What the call returns, or the errno's name."
    try:
        return call(*args)
    except OSError as error:
        return errno.errorcode[error.errno]

def rights(*fds):
    return (S.SOL_SOCKET, S.SCM_RIGHTS, array.array('i', fds))

def send(sock, data, count=0, fd=0, flags=0):
    return attempt(sock.sendmsg, [data], [rights(*[fd] * count)] if count else [], flags)

def recvmsg(sock, size=1 << 20, room=ROOM, flags=0):
    "(bytes, descriptors, flags), or the errno's name."
    got = attempt(sock.recvmsg, size, room, flags)
    if isinstance(got, str):
        return got
    data, control, msg_flags, _ = got
    fds = array.array('i')
    for level, kind, payload in control:
        if (level, kind) == (S.SOL_SOCKET, S.SCM_RIGHTS):
            fds.frombytes(payload[:len(payload) // 4 * 4])
    return data, list(fds), msg_flags

def receive(*args, **named):
    "[bytes, number of descriptors, whether truncated], descriptors closed; or the errno's name."
    got = recvmsg(*args, **named)
    if isinstance(got, str):
        return got
    data, fds, flags = got
    for fd in fds:
        os.close(fd)
    return [data.decode(), len(fds), bool(flags & S.MSG_CTRUNC)]

def unprivileged():
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)

def tell(*seen):
    print(json.dumps(seen))
`;

/** Runs Python that asks the kernel what the addon never does, and returns what it passes to `tell()`. */
export async function probe(source: string): Promise<unknown> {
  const { stdout } = await python(PRELUDE + source).succeeded();
  return JSON.parse(stdout);
}
