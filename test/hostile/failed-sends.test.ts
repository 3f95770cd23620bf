import { type FdSocket, fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { addon, nativeBinding } from '../../packages/binding-native';
import { differencesAfterSettling, openDescriptors } from '../support/descriptors';
import { closed, codeOf, destroyed } from '../socket/sockets';

// What the library duplicated for a frame is closed with the frame. Nothing here ever drops an object, so that the leak
// net, which closes what the garbage collector finds, cannot stand in for it.

// Linux 6.16: a receiver that will have no descriptors.
const SO_PASSRIGHTS = 83;

let memfd: OwnedFd;
let left: FdSocket;
let right: FdSocket;
beforeEach(() => {
  memfd = fds.memfd('sent');
  [left, right] = socketpair();
});
afterEach(async () => {
  memfd.close();
  await destroyed(left, right);
});

/** Whether the peer refuses descriptors from now on. */
function refuse(fd: number): boolean {
  return addon.setSocketOption(fd, SO_PASSRIGHTS, 0) === 0;
}

function kernelKnowsHow(): boolean {
  const pair = nativeBinding.socketpair();
  try {
    return refuse(pair[0].fd);
  } finally {
    OwnedFd.closeAll(pair);
  }
}

const itWhereRefused = kernelKnowsHow() ? it : it.skip;

it('send() with descriptors to a peer that is gone rejects with EPIPE and leaves nothing open', async () => {
  await destroyed(left, right);
  const before = openDescriptors();
  for (let count = 0; count < 5; count++) {
    const [socket, peer] = socketpair();
    peer.destroy();
    expect(await codeOf(() => socket.send('x', [memfd, memfd]))).toBe('EPIPE');
    await closed(socket, peer);
    expect(socket.fd).toBe(-1);
  }
  expect(await differencesAfterSettling(before)).toEqual([]);
});

it('several sends in one turn to a peer that is gone all reject and leave nothing open', async () => {
  const before = openDescriptors();
  const [socket, peer] = socketpair();
  peer.destroy();
  const sends = await Promise.allSettled(['a', 'b', 'c'].map((text) => socket.send(text, [memfd])));
  expect(sends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  await closed(socket, peer);
  expect(await differencesAfterSettling(before)).toEqual([]);
});

itWhereRefused(
  'a peer that refuses descriptors gets bytes all the same: EPERM for each frame, nothing left open',
  async () => {
    expect(refuse(right.fd)).toBe(true);
    const before = openDescriptors();
    for (let count = 0; count < 5; count++) {
      expect(await codeOf(() => left.send('with descriptors', [memfd]))).toBe('EPERM');
      expect(await differencesAfterSettling(before)).toEqual([]);
    }
    expect(left.destroyed).toBe(false);
    await left.send('without');
    expect((await right.receive(7)).bytes.toString()).toBe('without');
  },
);

itWhereRefused('what was to be transferred is closed when the peer refuses it', async () => {
  expect(refuse(right.fd)).toBe(true);
  const owned = fds.memfd('transferred');
  expect(await codeOf(() => left.send('x', [owned], { transfer: true }))).toBe('EPERM');
  expect(owned.closed).toBe(true);
  expect(left.destroyed).toBe(false);
});
