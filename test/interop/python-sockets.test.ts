import { handoff } from '../../packages/ancillary';
import { python } from '../support/children';
import { Files, identitiesOf } from '../support/files';
import { startPeer } from '../support/peer';
import { PYTHON_WITH_SOCKET } from './python-peer';

const SENDER = `${PYTHON_WITH_SOCKET}
for count in map(int, sys.argv[1:]):
    files = [new_file() for _ in range(count)]
    say(*map(identity, files))
    socket.send_fds(peer, [b"bytes", b" and ", b"%d" % count], files)
    for fd in files:
        os.close(fd)
`;

const RECEIVER = `${PYTHON_WITH_SOCKET}
while True:
    data, fds, flags, _ = socket.recv_fds(peer, 1000, 253)
    if not data:
        break
    say(data.decode(), flags & socket.MSG_CTRUNC, *map(identity, fds))
    for fd in fds:
        os.close(fd)
`;

test.each([1, 2, 252, 253])('what socket.send_fds() sends arrives with its %i descriptors in order', async (count) => {
  await using peer = startPeer(python, SENDER, { args: [String(count)] });
  const text = `bytes and ${count}`;
  using frame = await peer.socket.receive(text.length);
  expect(frame.bytes.toString()).toBe(text);
  expect(identitiesOf(frame.fds).join(' ')).toBe(await peer.child.line());
});

test('several send_fds() in a row are as many frames, each with its own descriptors', async () => {
  const counts = [1, 3, 2, 7, 1];
  await using peer = startPeer(python, SENDER, { args: counts.map(String) });
  const came: string[] = [];
  for await (const frame of peer.socket.frames()) {
    came.push(identitiesOf(frame.fds).join(' '));
    frame.close();
  }
  for (const files of came) expect(files).toBe(await peer.child.line());
  expect(came).toHaveLength(counts.length);
});

test.each([1, 2, 252, 253])('socket.recv_fds() gets the bytes and all %i descriptors of a send()', async (count) => {
  using files = new Files(count);
  await using peer = startPeer(python, RECEIVER);
  await peer.socket.send('bytes', files.owned);
  expect(await peer.child.line()).toBe(['bytes', 0, ...files.identities].join(' '));
});

test('socket.recv_fds() gets frames sent back to back one by one', async () => {
  using files = new Files(6);
  await using peer = startPeer(python, RECEIVER);
  const frames = [files.owned.slice(0, 1), files.owned.slice(1, 5), files.owned.slice(5)];
  await Promise.all(frames.map((fds, index) => peer.socket.send(`frame-${index}`, fds)));
  for (const [index, fds] of frames.entries()) {
    expect(await peer.child.line()).toBe([`frame-${index}`, 0, ...identitiesOf(fds)].join(' '));
  }
});

test('sendFd() and receiveFd() are the counterparts of recv_fds() and send_fds() with one byte', async () => {
  using files = new Files(1);
  await using peer = startPeer(
    python,
    `${PYTHON_WITH_SOCKET}
data, fds, flags, _ = socket.recv_fds(peer, 1, 1)
socket.send_fds(peer, [data], fds)`,
  );
  await handoff.sendFd(peer.socket, files.numbers[0] ?? -1, { byte: 7 });
  using received = await handoff.receiveFd(peer.socket);
  expect(identitiesOf([received])).toEqual(files.identities);
});
