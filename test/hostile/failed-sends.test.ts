import { release } from 'node:os';
import { type FdSocket, fds, type OwnedFd, socketpair } from '../../packages/ancillary';
import { addon } from '../../packages/binding-native';
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

/** Has the peer refuse descriptors from now on. False on a kernel that is too old to know how. */
function refuse(fd: number): boolean {
  const refused = addon.setSocketOption(fd, SO_PASSRIGHTS, 0) === 0;
  const [major = 0, minor = 0] = release().split('.').map(Number);
  expect(refused).toBe(major > 6 || (major === 6 && minor >= 16));
  return refused;
}

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

it('a peer that refuses descriptors gets bytes all the same: EPERM for each frame, nothing left open', async () => {
  if (!refuse(right.fd)) return;
  const before = openDescriptors();
  for (let count = 0; count < 5; count++) {
    expect(await codeOf(() => left.send('with descriptors', [memfd]))).toBe('EPERM');
    expect(await differencesAfterSettling(before)).toEqual([]);
  }
  expect(left.destroyed).toBe(false);
  await left.send('without');
  expect((await right.receive(7)).bytes.toString()).toBe('without');
});

it('what was to be transferred is closed when the peer refuses it', async () => {
  if (!refuse(right.fd)) return;
  const owned = fds.memfd('transferred');
  expect(await codeOf(() => left.send('x', [owned], { transfer: true }))).toBe('EPERM');
  expect(owned.closed).toBe(true);
  expect(left.destroyed).toBe(false);
});
