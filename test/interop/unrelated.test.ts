import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { connect, type FdServer, type FdSocket, handoff, listen } from '../../packages/ancillary';
import { c, type Child, python, runDirectory } from '../support/children';
import { identity } from '../support/descriptors';
import { Files, positionOf } from '../support/files';
import { closed } from '../support/peer';
import { C_PEER } from './c-peer';
import { PYTHON_PEER } from './python-peer';

// Processes that have nothing in common but a path. The sender writes an 'X', then a descriptor, and waits for the
// receiver to close; the receiver reads the file to its end.

const TEXT = 'text that is read once';

/** `meet` makes the socket, by listening or connecting, at the path that is the program's argument. */
const MEET = {
  connects: `
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])`,
  listens: `
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(1)
peer, _ = listener.accept()`,
};
type Meeting = keyof typeof MEET;

const SEND = `
fd = new_file(b"${TEXT}")
say(identity(fd))
peer.sendall(b"X")
reduction.send_handle(peer, fd, None)
assert peer.recv(1) == b""
say(os.lseek(fd, 0, os.SEEK_CUR))`;

const RECEIVE = `
assert peer.recv(1) == b"X"
fd = reduction.recv_handle(peer)
say(identity(fd))
file = os.fdopen(fd)
say(file.read())
say(file.tell())
peer.close()`;

let directory: string;
let address: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(runDirectory(), 'unrelated-'));
  address = path.join(directory, 'socket');
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Our end. Where the child listens, we begin to connect before it has even started. */
async function meetChild(meeting: Meeting, startChild: () => Child): Promise<Met> {
  if (meeting === 'listens') {
    const connecting = connect(address, { retry: true, timeout: 10_000 });
    const child = startChild();
    return met(await connecting, child);
  }
  await using server = await listen(address);
  const child = startChild();
  return met(await firstConnection(server), child);
}

interface Met extends AsyncDisposable {
  readonly socket: FdSocket;
  readonly child: Child;
}

function met(socket: FdSocket, child: Child): Met {
  return {
    socket,
    child,
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]();
      await closed(socket);
    },
  };
}

async function firstConnection(server: FdServer): Promise<FdSocket> {
  for await (const socket of server) return socket;
  throw new Error('the server was closed');
}

const meetings: Meeting[] = ['connects', 'listens'];

test.each(meetings)('a Python program that %s sends a file, and sees it read to the end', async (meeting) => {
  const program = PYTHON_PEER + MEET[meeting] + SEND;
  await using meet = await meetChild(meeting, () => python(program, { args: [address] }));
  const { socket, child } = meet;
  using x = await socket.receive(1);
  expect(x.bytes.toString()).toBe('X');
  using received = await handoff.receiveFd(socket);
  expect(identity(received.fd)).toBe(await child.line());
  expect(readFileSync(received.fd, 'utf8')).toBe(TEXT);
  await closed(socket);
  expect(await child.line()).toBe(String(TEXT.length));
  await child.succeeded();
});

test.each(meetings)('a Python program that %s reads our file to the end, which we see', async (meeting) => {
  using files = new Files(1, TEXT);
  const [fd = -1] = files.numbers;
  const program = PYTHON_PEER + MEET[meeting] + RECEIVE;
  await using meet = await meetChild(meeting, () => python(program, { args: [address] }));
  const { socket, child } = meet;
  await socket.send('X');
  await handoff.sendFd(socket, fd);
  await expect(handoff.receiveFd(socket)).rejects.toMatchObject({ code: 'EPIPE' });
  expect(positionOf(fd)).toBe(TEXT.length);
  expect(await child.line()).toBe(files.identities[0]);
  expect(await child.line()).toBe(TEXT);
  expect(await child.line()).toBe(String(TEXT.length));
  await child.succeeded();
});

test('several C clients of one server each get their own file back', async () => {
  await using server = await listen(address);
  const clients = Array.from({ length: 5 }, () =>
    c(
      `${C_PEER}
      int main(int count, char **words) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        strncpy(address.sun_path, words[1], sizeof address.sun_path - 1);
        int peer = socket(AF_UNIX, SOCK_STREAM, 0);
        must(connect(peer, (struct sockaddr *)&address, sizeof address) == 0, "connect");
        int fd = new_file();
        say_file(fd);
        must(send_fd(peer, fd, 0) == 0, "sendmsg");
        int back = receive_fd(peer, 0);
        must(back >= 0, "recvmsg");
        say_file(back);
        return 0;
      }`,
      { args: [address] },
    ),
  );
  let served = 0;
  for await (const socket of server) {
    using received = await handoff.receiveFd(socket);
    await handoff.sendFd(socket, received);
    await closed(socket);
    if (++served === clients.length) break;
  }
  for (const client of clients) {
    const [sent, back] = (await client.succeeded()).stdout.split('\n');
    expect(back).toBe(sent);
  }
});

test('a client that connects and leaves without a descriptor is EPIPE on the server', async () => {
  await using server = await listen(address);
  await using client = python(`${PYTHON_PEER}${MEET.connects}`, { args: [address] });
  const socket = await firstConnection(server);
  await expect(handoff.receiveFd(socket)).rejects.toMatchObject({ code: 'EPIPE' });
  await client.succeeded();
});
