"""ends.py END WORK WARMUP COUNT SIZE FDS FIRST LAST: both ends of the works, with Python's own socket module."""

import array
import json
import os
import resource
import socket
import sys
import time

end, work = sys.argv[1:3]
warmup, count, size, fd_count = map(int, sys.argv[3:7])
files = [os.open(path, os.O_RDONLY) for path in sys.argv[7:9]]
total = warmup + count
sock = socket.socket(fileno=3)
payload = bytes(size)


def identity(fd):
    info = os.fstat(fd)
    return f"{info.st_dev}:{info.st_ino}"


def cpu_ns():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1e9


class Meter:
    """What went one way, and the clock between the end of the warm-up and the last message."""

    def __init__(self):
        self.messages = self.bytes = self.fds = 0
        self.first = self.last = ""
        self.edges = {1, warmup, total}

    def count(self, length, fds=()):
        self.messages += 1
        self.bytes += length
        self.fds += len(fds)
        if self.messages in self.edges:
            self.edge(fds)

    def edge(self, fds):
        if fds and self.messages == 1:
            self.first = identity(fds[0])
        if fds and self.messages == total:
            self.last = identity(fds[-1])
        if self.messages == warmup:
            self.start, self.cpu_start = time.monotonic_ns(), cpu_ns()
        if self.messages == total:
            self.ns, self.cpu = time.monotonic_ns() - self.start, cpu_ns() - self.cpu_start

    def report(self):
        names = ("messages", "bytes", "fds", "first", "last", "ns", "cpu")
        return {name: getattr(self, name) for name in names}


sent, received = Meter(), Meter()
controls = []
for file in files:
    fds = array.array("i", [file] * fd_count)
    controls.append((fds, [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)] if fd_count else []))
room = socket.CMSG_SPACE(4 * fd_count) if fd_count else 0


def send():
    fds, control = controls[sent.messages == total - 1]
    if fd_count:
        length = sock.sendmsg([payload], control)
    else:
        length = sock.send(payload)
    assert length == size, "a short send"
    sent.count(size, fds)


def receive():
    if fd_count == 0:
        left = size
        while left > 0:
            got = len(sock.recv(left))
            assert got > 0, "the other end is gone"
            left -= got
        received.count(size)
        return
    data, control, flags, _ = sock.recvmsg(size, room)
    assert len(data) == size and not flags & socket.MSG_CTRUNC, "a message that is not whole"
    fds = array.array("i")
    for level, kind, content in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(content)
    received.count(size, fds)
    for fd in fds:
        os.close(fd)


def flood():
    step = send if end == "sender" else receive
    for _ in range(total):
        step()


def stream():
    if end == "sender":
        for _ in range(total):
            sock.sendall(payload)
            sent.count(size)
        return
    buffer = bytearray(size)
    until_next = size
    while received.messages < total:
        got = sock.recv_into(buffer)
        assert got > 0, "the other end is gone"
        until_next -= got
        while until_next <= 0:
            received.count(size)
            until_next += size


def echo():
    if end == "receiver":
        for _ in range(total):
            receive()
            send()
        return {}
    trips = []
    for index in range(total):
        start = time.monotonic_ns()
        send()
        receive()
        if index >= warmup:
            trips.append(time.monotonic_ns() - start)
    trips.sort()
    return {"p50": trips[count // 2], "p99": trips[count * 99 // 100]}


more = {"flood": flood, "stream": stream, "echo": echo}[work]() or {}
line = {"end": end, **more}
if sent.messages:
    line["sent"] = sent.report()
if received.messages:
    line["received"] = received.report()
os.write(1, (json.dumps(line) + "\n").encode())
if (end == "sender") == (work != "echo"):
    assert sock.recv(1) == b""
