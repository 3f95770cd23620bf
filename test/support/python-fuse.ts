import { IN_OWN_TMPFS } from './python-forged-memfds';

/**
 * Python source: `/tmp` is a file system of FUSE of which this very program is the server, and `open_slow()` opens a file there. No
 * close of that file comes back, nor does an `fstat` after `stop_answering()`, until the program ends.
 */
const FUSE = `${IN_OWN_TMPFS}
import struct, threading
LOOKUP, FORGET, GETATTR, OPEN, RELEASE, FLUSH, INIT, BATCH_FORGET = 1, 2, 3, 14, 18, 25, 26, 42
ENOSYS = 38
ROOT, FILE = 1, 2
device = os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC)
options = f'fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}'
must(libc.mount(b'slow', b'/tmp', b'fuse', 0, options.encode()))
answers = True
def attributes(node):
    mode = 0o40755 if node == ROOT else 0o100644
    return struct.pack('<6Q10I', node, 0, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)
def answer_of(opcode, node, body):
    if opcode == INIT:
        return struct.pack('<4IHHIIHHI7I', 7, 31, 65536, 0, 12, 9, 65536, 1, 16, 0, 0, *[0] * 7)
    if opcode == LOOKUP:
        return struct.pack('<4Q2I', FILE, 0, 0, 0, 0, 0) + attributes(FILE)
    if opcode == GETATTR:
        return struct.pack('<Q2I', 0, 0, 0) + attributes(node) if answers else None
    if opcode == OPEN:
        return struct.pack('<Q2I', 1, 0, 0)
    return b'' if opcode in (RELEASE, FLUSH) else -ENOSYS
def serve():
    while True:
        request = os.read(device, 1 << 17)
        _, opcode, unique, node, _, _, pid = struct.unpack_from('<IIQQIII', request)
        # To itself it has to answer, or it could not end.
        if opcode in (FORGET, BATCH_FORGET) or (opcode == FLUSH and pid != os.getpid()):
            continue
        answer = answer_of(opcode, node, request[40:])
        if answer is None:
            continue
        error, body = (answer, b'') if isinstance(answer, int) else (0, answer)
        os.write(device, struct.pack('<IiQ', 16 + len(body), error, unique) + body)
threading.Thread(target=serve, daemon=True).start()
def stop_answering():
    global answers
    answers = False
def open_slow():
    return os.open('/tmp/file', os.O_RDONLY)
`;

/**
 * Sends so many files of FUSE, each with a byte, by descriptor 3. It ends by itself (SIGALRM) if nobody ends it: whoever waits for it
 * cannot be killed.
 */
export const SEND_FUSE_FILES = `${FUSE}
import array, signal, socket, sys
peer = socket.socket(fileno=3)
for each in range(int(sys.argv[1])):
    slow = open_slow()
    peer.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [slow]))])
    os.close(slow)
stop_answering()
signal.alarm(int(sys.argv[2]))
print('sent', flush=True)
signal.pause()
`;
