/** What the Python programs of these tests share. A program is this text followed by its own; the socket is descriptor 3. */
export const PYTHON_PEER = `
import array, os, socket, sys
from multiprocessing import reduction

def identity(fd):
    info = os.fstat(fd)
    return f"{info.st_dev}:{info.st_ino}"

def say(*words):
    print(*words, flush=True)

def new_file(content=b""):
    fd = os.memfd_create("peer")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd

def inherited():
    ours = socket.socket(fileno=3)
    ours.setblocking(True)
    return ours
`;

/** Python with the socket in `peer`. */
export const PYTHON_WITH_SOCKET = `${PYTHON_PEER}
peer = inherited()
`;
