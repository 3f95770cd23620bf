import { PYTHON_WITH_SOCKET } from './python-peer';

/**
 * Python that speaks Varlink with descriptors. Every message says in its parameters which
 * file came with it, if any, so that either end can tell which are wrong.
 */
export const PYTHON_VARLINK = `${PYTHON_WITH_SOCKET}
import json, threading

def send(bodies, files=()):
    data = b"".join(json.dumps(body).encode() + b"\\0" for body in bodies)
    sent = socket.send_fds(peer, [data], files) if files else 0
    peer.sendall(data[sent:])
    for fd in files:
        os.close(fd)

class Messages:
    def __init__(self):
        self.buffer, self.start, self.bundles = b"", 0, []

    def __iter__(self):
        while True:
            while (end := self.buffer.find(b"\\0")) == -1:
                data, fds, flags, _ = socket.recv_fds(peer, 65536, 253)
                assert not flags & socket.MSG_CTRUNC
                if not data:
                    assert not self.buffer and not self.bundles and not fds
                    return
                self.buffer += data
                if fds:
                    # On Linux a recvmsg ends behind the bytes that brought descriptors.
                    self.bundles.append((self.start + len(self.buffer) - 1, fds))
            body, self.buffer = json.loads(self.buffer[:end]), self.buffer[end + 1:]
            self.start += end + 1
            files = []
            while self.bundles and self.bundles[0][0] < self.start:
                files += self.bundles.pop(0)[1]
            yield body, files

def open_descriptors():
    return len(os.listdir("/proc/self/fd"))

def send_bursts(count, joining):
    for number in range(count):
        fd = new_file()
        plain = {"parameters": {"number": number, "file": None}, "continues": True}
        owner = {"parameters": {"number": number, "file": identity(fd)}, "continues": True}
        if joining:
            send([plain, owner], [fd])
        else:
            send([owner], [fd])
            send([plain])

def exchange(count, joining):
    """Sends count messages with a descriptor and as many without, and checks what comes meanwhile."""
    before = open_descriptors()
    sending = threading.Thread(target=send_bursts, args=[count, joining])
    sending.start()
    messages = wrong = 0
    for body, files in Messages():
        if body["method"] == "test.Done":
            break
        messages += 1
        expected = body["parameters"]["file"]
        if [identity(fd) for fd in files] != ([] if expected is None else [expected]):
            wrong += 1
        for fd in files:
            os.close(fd)
    sending.join()
    send([{"parameters": {"messages": messages, "wrong": wrong, "leftOver": open_descriptors() - before}}])
`;
