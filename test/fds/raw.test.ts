import { AncillaryError, fds, OwnedFd, raw } from '../../packages/ancillary';
import { addon, nativeBinding } from '../../packages/binding-native';
import { identity } from '../support/descriptors';
import { node, python } from '../support/children';

let left: OwnedFd;
let right: OwnedFd;
beforeEach(() => {
  [left, right] = nativeBinding.socketpair();
});
afterEach(() => {
  OwnedFd.closeAll([left, right]);
});

function coded(code: string): Error {
  return expect.objectContaining({ code }) as Error;
}

it('one sendmsg, one recvmsg: bytes and descriptors', () => {
  using memfd = fds.memfd('x');
  expect(raw.sendMessage(left, Buffer.from('hello'), [memfd, 0])).toBe(5);
  const buffer = Buffer.alloc(10);
  const message = raw.receiveMessage(right, buffer);
  expect(message).toMatchObject({ bytesRead: 5, truncated: false, flags: 0 });
  expect(buffer.toString('utf8', 0, 5)).toBe('hello');
  expect(message.fds.map(({ fd }) => identity(fd))).toEqual([identity(memfd.fd), identity(0)]);
  OwnedFd.closeAll(message.fds);
});

it('never waits: EAGAIN on an empty and on a full socket', () => {
  expect(() => raw.receiveMessage(right, Buffer.alloc(1))).toThrow(coded('EAGAIN'));
  const fillUp = (): void => {
    for (let count = 0; count < 10_000; count++) raw.sendMessage(left, Buffer.alloc(10_000));
  };
  expect(fillUp).toThrow(coded('EAGAIN'));
});

it('maxFds closes what is beyond, and says so', () => {
  using memfd = fds.memfd('x');
  raw.sendMessage(left, Buffer.from('x'), [memfd, memfd, memfd]);
  const message = raw.receiveMessage(right, Buffer.alloc(1), { maxFds: 1 });
  expect(message.truncated).toBe(true);
  expect(message.fds).toHaveLength(1);
  OwnedFd.closeAll(message.fds);
});

it('end of file is 0 bytes; a peer that is gone is EPIPE', () => {
  left.close();
  expect(raw.receiveMessage(right, Buffer.alloc(1))).toMatchObject({ bytesRead: 0, fds: [] });
  expect(() => raw.sendMessage(right, Buffer.from('x'))).toThrow(coded('EPIPE'));
});

it('descriptors without bytes: refused on a stream socket, passed on a SEQPACKET one', async () => {
  using memfd = fds.memfd('x');
  expect(() => raw.sendMessage(left, Buffer.alloc(0), [memfd])).toThrow(AncillaryError);
  const child = python(
    `
import os, socket
s = socket.socket(fileno=3)
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
socket.send_fds(s, [b'x'], [a.fileno(), b.fileno()])
`,
    { descriptors: [left.fd] },
  );
  await child.succeeded();
  const { fds: pair } = raw.receiveMessage(right, Buffer.alloc(1));
  const [first, second] = pair;
  if (first === undefined || second === undefined) throw new Error('two sockets were sent');
  expect(raw.sendMessage(first, Buffer.alloc(0), [memfd])).toBe(0);
  const message = raw.receiveMessage(second, Buffer.alloc(10));
  expect(message.bytesRead).toBe(0);
  expect(message.fds.map(({ fd }) => identity(fd))).toEqual([identity(memfd.fd)]);
  OwnedFd.closeAll([...message.fds, ...pair]);
});

it('refuses what is no descriptor, no buffer, or too many descriptors', () => {
  using memfd = fds.memfd('x');
  expect(() => raw.receiveMessage(right, Buffer.alloc(0))).toThrow(RangeError);
  expect(() => raw.receiveMessage(right, Buffer.alloc(1), { maxFds: -1 })).toThrow(RangeError);
  expect(() => raw.sendMessage(left, Buffer.from('x'), [999_999])).toThrow(coded('EBADF'));
  expect(() => raw.sendMessage(left, Buffer.from('x'), Array(254).fill(memfd) as OwnedFd[])).toThrow(coded('EINVAL'));
  expect(() => raw.sendMessage(999_999, Buffer.from('x'))).toThrow(coded('EBADF'));
  expect(() => raw.receiveMessage(memfd, Buffer.alloc(1))).toThrow(coded('ENOTSOCK'));
});

it('a received descriptor is not passed on to a child: close-on-exec', async () => {
  using memfd = fds.memfd('secret');
  raw.sendMessage(left, Buffer.from('x'), [memfd]);
  const { fds: received } = raw.receiveMessage(right, Buffer.alloc(1));
  const source = `console.log(require('node:fs').readdirSync('/proc/self/fd').map((fd) => {
    try { return require('node:fs').readlinkSync('/proc/self/fd/' + fd); } catch { return ''; }
  }).join())`;
  const { stdout } = await node(source).succeeded();
  expect(stdout).not.toContain('secret');
  expect(addon.descriptorFlags(received[0]?.fd ?? -1)).toBe(1);
  OwnedFd.closeAll(received);
});
