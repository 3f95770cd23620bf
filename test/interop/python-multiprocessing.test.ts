import { handoff } from '../../packages/ancillary';
import { python } from '../support/children';
import { identity } from '../support/descriptors';
import { Files, identitiesOf } from '../support/files';
import { startPeer } from '../support/peer';
import { PYTHON_WITH_SOCKET } from './python-peer';

test('multiprocessing.reduction.send_handle() is received with receiveFd()', async () => {
  await using peer = startPeer(
    python,
    `${PYTHON_WITH_SOCKET}
for _ in range(3):
    fd = new_file()
    say(identity(fd))
    reduction.send_handle(peer, fd, os.getppid())
    os.close(fd)`,
  );
  for (let i = 0; i < 3; i++) {
    using received = await handoff.receiveFd(peer.socket);
    expect(identity(received.fd)).toBe(await peer.child.line());
  }
  await expect(handoff.receiveFd(peer.socket)).rejects.toMatchObject({ code: 'EPIPE' });
});

const RECEIVING_HANDLES = `${PYTHON_WITH_SOCKET}
try:
    while True:
        fd = reduction.recv_handle(peer)
        say(identity(fd))
        os.close(fd)
except (EOFError, AssertionError) as error:
    say(type(error).__name__)
`;

test('multiprocessing.reduction.recv_handle() takes what sendFd() sends, and the end as EOFError', async () => {
  using files = new Files(3);
  await using peer = startPeer(python, RECEIVING_HANDLES);
  for (const file of files.owned) await handoff.sendFd(peer.socket, file);
  peer.socket.end();
  for (const file of files.identities) expect(await peer.child.line()).toBe(file);
  expect(await peer.child.line()).toBe('EOFError');
});

test('recv_handle() insists on the byte 1, which is why sendFd() sends it by default', async () => {
  using files = new Files(1);
  await using peer = startPeer(python, RECEIVING_HANDLES);
  await handoff.sendFd(peer.socket, files.numbers[0] ?? -1, { byte: 0 });
  expect(await peer.child.line()).toBe('AssertionError');
});

test.each([1, 2, 200, 253])('multiprocessing.reduction.sendfds() of %i is one byte with all of them', async (count) => {
  await using peer = startPeer(
    python,
    `${PYTHON_WITH_SOCKET}
fds = [new_file() for _ in range(int(sys.argv[1]))]
say(*map(identity, fds))
reduction.sendfds(peer, fds)`,
    { args: [String(count)] },
  );
  using frame = await peer.socket.receive(1);
  expect([...frame.bytes]).toEqual([count]);
  expect(identitiesOf(frame.fds).join(' ')).toBe(await peer.child.line());
});

test.each([1, 2, 200, 253])(
  'multiprocessing.reduction.recvfds() takes %i sent on a byte that counts them',
  async (count) => {
    using files = new Files(count);
    await using peer = startPeer(
      python,
      `${PYTHON_WITH_SOCKET}\nsay(*map(identity, reduction.recvfds(peer, int(sys.argv[1]))))`,
      { args: [String(count)] },
    );
    await peer.socket.send(Uint8Array.of(count), files.owned);
    expect(await peer.child.line()).toBe(files.identities.join(' '));
  },
);
