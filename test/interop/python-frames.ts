import { PYTHON_WITH_SOCKET } from './python-peer';

/** Python that speaks `lengthPrefixed()` with its defaults: length (4 bytes) and descriptors (2), in network order. */
export const PYTHON_FRAMES = `${PYTHON_WITH_SOCKET}
import struct

def header(payload, count):
    return struct.pack(">IH", len(payload), count)

def new_files(count):
    files = [new_file() for _ in range(count)]
    say(*map(identity, files))
    return files

def send_frame(payload, files=()):
    data = header(payload, len(files)) + payload
    sent = socket.send_fds(peer, [data], files) if files else 0
    peer.sendall(data[sent:])
    for fd in files:
        os.close(fd)

def send_uncounted(payload, files=()):
    data = struct.pack(">I", len(payload)) + payload
    assert (socket.send_fds(peer, [data], files) if files else peer.send(data)) == len(data)
    for fd in files:
        os.close(fd)

received = b""
queue = []

def receive_some():
    global received
    data, fds, flags, _ = socket.recv_fds(peer, 65536, 253)
    assert not flags & socket.MSG_CTRUNC
    queue.extend(fds)
    received += data
    return len(data) > 0

def receive_frame():
    """Payload and descriptors, or None at the end of the stream."""
    global received
    while len(received) < 6 or len(received) < 6 + struct.unpack(">I", received[:4])[0]:
        if not receive_some():
            assert received == b"" and queue == []
            return None
    length, count = struct.unpack(">IH", received[:6])
    payload, received = received[6:6 + length], received[6 + length:]
    files = queue[:count]
    del queue[:count]
    return payload, files
`;
