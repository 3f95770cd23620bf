import { readFileSync, readSync } from 'node:fs';
import { handoff } from '../../packages/ancillary';
import { c, python } from '../support/children';
import { identity } from '../support/descriptors';
import { Files, positionOf } from '../support/files';
import { type Peer, startPeer } from '../support/peer';
import { C_PEER } from './c-peer';
import { PYTHON_WITH_SOCKET } from './python-peer';

const TEXT = 'a file that two processes read';
const BEGINNING = 'a file ';

// A program is started with the socket, and one that it forks uses it: first an 'X', then a descriptor.

const receivers = {
  'C program': (): Peer =>
    startPeer(
      c,
      `${C_PEER}
      int main(void) {
        pid_t child = fork();
        must(child >= 0, "fork");
        if (child != 0) {
          int status;
          must(waitpid(child, &status, 0) == child, "waitpid");
          return status != 0;
        }
        wait_on(PEER);
        char byte = 0;
        must(read(PEER, &byte, 1) == 1 && byte == 'X', "no X");
        int fd = receive_fd(PEER, 0);
        must(fd >= 0, "recvmsg");
        say_file(fd);
        char text[100] = {0};
        must(read(fd, text, sizeof text - 1) > 0, "read");
        say(text);
        printf("%ld\\n", (long)lseek(fd, 0, SEEK_CUR));
        return 0;
      }`,
    ),
  'Python program': (): Peer =>
    startPeer(
      python,
      `${PYTHON_WITH_SOCKET}
child = os.fork()
if child:
    sys.exit(os.waitpid(child, 0)[1])
assert peer.recv(1) == b"X"
fd = reduction.recv_handle(peer)
say(identity(fd))
file = os.fdopen(fd)
say(file.read())
say(file.tell())`,
    ),
};

test.each(Object.entries(receivers))(
  'what a forked %s gets is the open file itself: it reads on from our position, and ours moves to the end',
  async (_, startReceiver) => {
    using files = new Files(1, TEXT);
    const [fd = -1] = files.numbers;
    await using peer = startReceiver();
    readSync(fd, Buffer.alloc(BEGINNING.length));
    await peer.socket.send('X');
    await handoff.sendFd(peer.socket, fd);
    expect(await peer.child.line()).toBe(files.identities[0]);
    expect(await peer.child.line()).toBe(TEXT.slice(BEGINNING.length));
    expect(await peer.child.line()).toBe(String(TEXT.length));
    expect(positionOf(fd)).toBe(TEXT.length);
    await peer.child.succeeded();
  },
);

const senders = {
  'C program': (): Peer =>
    startPeer(
      c,
      `${C_PEER}
      int main(void) {
        wait_on(PEER);
        int fd = new_file();
        say_file(fd);
        must(write(fd, "${TEXT}", ${TEXT.length}) == ${TEXT.length}, "write");
        must(lseek(fd, ${BEGINNING.length}, SEEK_SET) == ${BEGINNING.length}, "lseek");
        pid_t child = fork();
        must(child >= 0, "fork");
        if (child == 0) {
          must(write(PEER, "X", 1) == 1, "write");
          must(send_fd(PEER, fd, 0) == 0, "sendmsg");
          return 0;
        }
        int status;
        must(waitpid(child, &status, 0) == child && status == 0, "waitpid");
        char byte;
        must(read(PEER, &byte, 1) == 1, "read");
        printf("%ld\\n", (long)lseek(fd, 0, SEEK_CUR));
        return 0;
      }`,
    ),
  'Python program': (): Peer =>
    startPeer(
      python,
      `${PYTHON_WITH_SOCKET}
fd = new_file(b"${TEXT}")
say(identity(fd))
os.lseek(fd, ${BEGINNING.length}, os.SEEK_SET)
child = os.fork()
if child == 0:
    peer.sendall(b"X")
    reduction.send_handle(peer, fd, os.getpid())
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert peer.recv(1)
say(os.lseek(fd, 0, os.SEEK_CUR))`,
    ),
};

test.each(Object.entries(senders))(
  'what a forked %s sends is the open file itself: we read on from its position, and its own moves to the end',
  async (_, startSender) => {
    await using peer = startSender();
    using x = await peer.socket.receive(1);
    expect(x.bytes.toString()).toBe('X');
    expect(x.fds).toEqual([]);
    using received = await handoff.receiveFd(peer.socket);
    expect(identity(received.fd)).toBe(await peer.child.line());
    expect(readFileSync(received.fd, 'utf8')).toBe(TEXT.slice(BEGINNING.length));
    await peer.socket.send('.');
    expect(await peer.child.line()).toBe(String(TEXT.length));
    await peer.child.succeeded();
  },
);

test('a parent and the child it forks share the socket: descriptors of both arrive in the order they were sent', async () => {
  await using peer = startPeer(
    c,
    `${C_PEER}
    static void send_new_file(void) {
      int fd = new_file();
      say_file(fd);
      must(send_fd(PEER, fd, 1) == 0, "sendmsg");
      close(fd);
    }
    int main(void) {
      wait_on(PEER);
      for (int i = 0; i < 4; i++) {
        pid_t child = fork();
        must(child >= 0, "fork");
        if (child == 0) {
          send_new_file();
          exit(0);
        }
        int status;
        must(waitpid(child, &status, 0) == child && status == 0, "waitpid");
        send_new_file();
      }
      return 0;
    }`,
  );
  for (let i = 0; i < 8; i++) {
    using received = await handoff.receiveFd(peer.socket);
    expect(identity(received.fd)).toBe(await peer.child.line());
  }
  await expect(handoff.receiveFd(peer.socket)).rejects.toMatchObject({ code: 'EPIPE' });
});
