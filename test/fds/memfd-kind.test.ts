import { type FdSocket, fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { destroyed } from '../socket/sockets';
import { python } from '../support/children';
import { IN_OWN_TMPFS } from '../support/python-forged-memfds';

// Who opens a file chooses its name, and so what /proc says of it.

/** Sends files on descriptor 3 that look like memfds, and two memfds in huge pages where the system has them. */
const PEER = `${IN_OWN_TMPFS}
import socket
existing = os.open('/tmp/memfd:existing', os.O_RDWR | os.O_CREAT)
deleted = os.open('/tmp/memfd:deleted', os.O_RDWR | os.O_CREAT)
os.unlink('/tmp/memfd:deleted')
detach()
huge = libc.memfd_create(b'huge', HUGETLB)
sent = [existing, deleted, os.memfd_create('mine')] + ([huge] if huge >= 0 else [])
peer = socket.socket(fileno=3)
socket.send_fds(peer, [b'x'], sent)
`;

let ours: FdSocket;
let received: OwnedFd[];
beforeAll(async () => {
  const [left, theirs] = socketpair();
  ours = left;
  const peer = python(PEER, { descriptors: [theirs.fd] });
  theirs.destroy();
  await peer.succeeded();
  received = (await ours.receive(1)).fds;
});
afterAll(async () => {
  OwnedFd.closeAll(received);
  await destroyed(ours);
});

it('a file of a tmpfs that is named as memfds are is a file, also once it is deleted', () => {
  const facts = received.slice(0, 2).map((fd) => fds.describeFd(fd));
  expect(facts).toMatchObject([
    { kind: 'file', path: '/memfd:existing' },
    { kind: 'file', path: '/memfd:deleted (deleted)' },
  ]);
  expect(facts.map(({ seals }) => seals)).toEqual([undefined, undefined]);
  expect(received.slice(0, 2).map((fd) => fd.toJSON().kind)).toEqual([undefined, undefined]);
});

it('a memfd is a memfd, in pages of whatever size, and under a name that looks like none', () => {
  for (const fd of received.slice(2)) {
    expect(fds.describeFd(fd)).toMatchObject({ kind: 'memfd' });
    expect(fd.toJSON()).toMatchObject({ kind: 'memfd' });
  }
  using memfd = fds.memfd('../etc/passwd');
  expect(fds.describeFd(memfd).kind).toBe('memfd');
});
