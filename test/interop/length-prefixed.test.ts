import { lengthPrefixed } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { OwnedFd } from '../../packages/ancillary';
import { python } from '../support/children';
import { Files, identitiesOf } from '../support/files';
import { startPeer } from '../support/peer';
import { PYTHON_FRAMES } from './python-frames';

/** What a frame was: its payload, and its files in order. */
type Told = readonly [payload: string, files: string];

/** All frames of a Python program that were sent until it ended, each beside the line of files it printed. */
async function framesFrom(program: string): Promise<{ came: Told[]; printed: string[] }> {
  await using peer = startPeer(python, PYTHON_FRAMES + program);
  const came: Told[] = [];
  const connection = framed(peer.socket, lengthPrefixed());
  for await (const { bytes, fds } of connection) {
    came.push([bytes.length > 100 ? `${bytes.length} bytes` : bytes.toString(), identitiesOf(fds).join(' ')]);
    OwnedFd.closeAll(fds);
  }
  const { stdout } = await peer.child.succeeded();
  return { came, printed: stdout.split('\n').slice(0, -1) };
}

test('frames of a Python peer arrive each with its own descriptors, from none to 253', async () => {
  const { came, printed } = await framesFrom(`
for count in (0, 1, 0, 0, 3, 253, 2, 0, 253, 253, 1):
    send_frame(b"%d descriptors" % count, new_files(count))`);
  const counts = [0, 1, 0, 0, 3, 253, 2, 0, 253, 253, 1];
  expect(came).toEqual(counts.map((count, index) => [`${count} descriptors`, printed[index]]));
});

test('the descriptors of one frame may come in several sendmsg', async () => {
  const { came, printed } = await framesFrom(`
files = new_files(6)
socket.send_fds(peer, [header(b"first frame", 6)], files[:1])
socket.send_fds(peer, [b"first"], files[1:3])
peer.sendall(b" fra")
socket.send_fds(peer, [b"m"], files[3:4])
socket.send_fds(peer, [b"e"], files[4:])
send_frame(b"second frame", new_files(2))`);
  expect(came).toEqual([
    ['first frame', printed[0]],
    ['second frame', printed[1]],
  ]);
});

test('a header may be split, with its descriptors on any part of it', async () => {
  const { came, printed } = await framesFrom(`
for cut in range(1, 6):
    files = new_files(2)
    data = header(b"payload", 2) + b"payload"
    socket.send_fds(peer, [data[:cut]], files[:1])
    socket.send_fds(peer, [data[cut:]], files[1:])`);
  expect(came).toEqual([1, 2, 3, 4, 5].map((_, index) => ['payload', printed[index]]));
});

test('a frame longer than a segment and than the socket buffer keeps its descriptors', async () => {
  const { came, printed } = await framesFrom(`
for size in (36545, 1000000):
    send_frame(b"." * size, new_files(3))
    send_frame(b"small", new_files(1))`);
  expect(came).toEqual([
    ['36545 bytes', printed[0]],
    ['small', printed[1]],
    ['1000000 bytes', printed[2]],
    ['small', printed[3]],
  ]);
});

test('more than 253 descriptors arrive when maxFdsPerFrame allows them', async () => {
  await using peer = startPeer(
    python,
    `${PYTHON_FRAMES}
files = new_files(300)
socket.send_fds(peer, [header(b"many", 300)], files[:253])
socket.send_fds(peer, [b"many"], files[253:])`,
    {},
    { maxFdsPerFrame: 300 },
  );
  for await (const { fds } of framed(peer.socket, lengthPrefixed())) {
    expect(identitiesOf(fds).join(' ')).toBe(await peer.child.line());
    OwnedFd.closeAll(fds);
  }
  expect(peer.socket.stats).toMatchObject({ framesReceived: 1, fdsReceived: 300 });
});

const ECHO_FILES = `${PYTHON_FRAMES}
while (got := receive_frame()) is not None:
    payload, files = got
    say(payload.decode() if len(payload) < 100 else f"{len(payload)} bytes", *map(identity, files))
    for fd in files:
        os.close(fd)`;

test('a Python peer gets every frame with its own descriptors, from none to more than one sendmsg carries', async () => {
  const counts = [0, 1, 253, 0, 2, 254, 1, 600, 3];
  await using peer = startPeer(python, ECHO_FILES);
  const connection = framed(peer.socket, lengthPrefixed());
  for (const count of counts) {
    using files = new Files(count);
    const payload = `${count} descriptors`;
    await connection.send({ bytes: Buffer.from(payload), fds: files.owned });
    expect(await peer.child.line()).toBe([payload, ...files.identities].join(' '));
  }
  await connection.close();
  await peer.child.succeeded();
});

test('a Python peer that reads late gets frames that had to wait, in order and with their descriptors', async () => {
  await using peer = startPeer(python, ECHO_FILES);
  const connection = framed(peer.socket, lengthPrefixed());
  const expected: string[] = [];
  const sending: Promise<void>[] = [];
  for (let index = 0; index < 40; index++) {
    using files = new Files(index % 4);
    expected.push(['20000 bytes', ...files.identities].join(' '));
    // Not awaited: what does not fit the socket waits here, while its descriptors are closed by `using`.
    sending.push(connection.send({ bytes: Buffer.alloc(20_000), fds: files.owned }));
  }
  await Promise.all(sending);
  await connection.close();
  const { stdout } = await peer.child.succeeded();
  expect(stdout.split('\n').slice(0, -1)).toEqual(expected);
});
