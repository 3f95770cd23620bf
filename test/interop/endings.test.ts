import { handoff } from '../../packages/ancillary';
import { c, python } from '../support/children';
import { identity } from '../support/descriptors';
import { startPeer } from '../support/peer';
import { C_PEER } from './c-peer';
import { PYTHON_WITH_SOCKET } from './python-peer';

const nothing = {
  'closes without a byte': `int main(void) { close(PEER); return 0; }`,
  'shuts down its sending side': `
    int main(void) {
      char byte;
      wait_on(PEER);
      must(shutdown(PEER, SHUT_WR) == 0, "shutdown");
      return read(PEER, &byte, 1) != 0;
    }`,
  'is killed': `int main(void) { return raise(SIGKILL); }`,
};

test.each(Object.entries(nothing))('a peer that %s is EPIPE, never a made-up descriptor', async (_, main) => {
  await using peer = startPeer(c, C_PEER + main);
  await expect(handoff.receiveFd(peer.socket)).rejects.toMatchObject({ code: 'EPIPE', syscall: 'recvmsg' });
  await peer.child.finished;
});

test.each(['X', '\0', 'D'])('a byte without a descriptor (%j) is ERR_FD_MISSING, never a made-up one', async (byte) => {
  await using peer = startPeer(python, `${PYTHON_WITH_SOCKET}\npeer.sendall(sys.argv[1].encode() or b"\\0")`, {
    args: [byte === '\0' ? '' : byte],
  });
  await expect(handoff.receiveFd(peer.socket)).rejects.toMatchObject({ code: 'ERR_FD_MISSING' });
  expect(peer.socket.destroyed).toBe(true);
});

test('the descriptors before the end of the stream arrive although the sender is gone already', async () => {
  await using peer = startPeer(
    c,
    `${C_PEER}
    int main(void) {
      for (int i = 0; i < 3; i++) {
        int fd = new_file();
        say_file(fd);
        must(send_fd(PEER, fd, 1) == 0, "sendmsg");
      }
      return 0;
    }`,
  );
  await peer.child.succeeded();
  for (let i = 0; i < 3; i++) {
    using received = await handoff.receiveFd(peer.socket);
    expect(identity(received.fd)).toBe(await peer.child.line());
  }
  await expect(handoff.receiveFd(peer.socket)).rejects.toMatchObject({ code: 'EPIPE' });
});
