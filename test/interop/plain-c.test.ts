import { fds, handoff } from '../../packages/ancillary';
import { c } from '../support/children';
import { identity } from '../support/descriptors';
import { Files } from '../support/files';
import { startPeer } from '../support/peer';
import { C_PEER } from './c-peer';

const SENDER = `${C_PEER}
int main(int count, char **words) {
  int whole_room = strcmp(words[1], "CMSG_SPACE") == 0;
  wait_on(PEER);
  for (int i = 0; i < 5; i++) {
    int fd = new_file();
    say_file(fd);
    must(send_fd(PEER, fd, whole_room) == 0, "sendmsg");
    close(fd);
  }
  return 0;
}`;

const RECEIVER = `${C_PEER}
int main(int count, char **words) {
  int whole_room = strcmp(words[1], "CMSG_SPACE") == 0;
  wait_on(PEER);
  for (;;) {
    int fd = receive_fd(PEER, whole_room);
    if (fd < 0) break;
    say_file(fd);
    close(fd);
  }
  say(strerrorname_np(errno));
  return 0;
}`;

describe.each(['CMSG_LEN', 'CMSG_SPACE'])('C code whose msg_controllen is %s of one descriptor', (length) => {
  test('sends descriptors, back to back, that receiveFd() takes one by one, and its end is EPIPE', async () => {
    await using peer = startPeer(c, SENDER, { args: [length] });
    for (let i = 0; i < 5; i++) {
      using received = await handoff.receiveFd(peer.socket);
      expect(identity(received.fd)).toBe(await peer.child.line());
    }
    await expect(handoff.receiveFd(peer.socket)).rejects.toMatchObject({ code: 'EPIPE' });
    await peer.child.succeeded();
  });

  test('receives each descriptor that sendFd() sends back to back, and then the end of the stream', async () => {
    using files = new Files(5);
    await using peer = startPeer(c, RECEIVER, { args: [length] });
    for (const file of files.owned) await handoff.sendFd(peer.socket, file);
    peer.socket.end();
    for (const file of files.identities) expect(await peer.child.line()).toBe(file);
    expect(await peer.child.line()).toBe('EPIPE');
  });

  test('receives a descriptor whatever byte it comes with', async () => {
    using files = new Files(3);
    await using peer = startPeer(c, RECEIVER, { args: [length] });
    for (const [index, byte] of [0, 0x44, 255].entries()) {
      await handoff.sendFd(peer.socket, files.numbers[index] ?? -1, { byte });
      expect(await peer.child.line()).toBe(files.identities[index]);
    }
  });
});

test('the copy that arrives in C is of the open file itself: what C writes through it is read here', async () => {
  const [reading, writing] = fds.pipe();
  await using peer = startPeer(
    c,
    `${C_PEER}
    int main(void) {
      wait_on(PEER);
      int fd = receive_fd(PEER, 1);
      must(write(fd, "from C", 6) == 6, "write");
      return 0;
    }`,
  );
  await handoff.sendFd(peer.socket, writing);
  writing.close();
  const chunks: Buffer[] = [];
  for await (const chunk of fds.toReadStream(reading)) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toBe('from C');
});
