import { closeSync, openSync } from 'node:fs';
import { type Addon, addon, nativeDescriptors } from '../../packages/binding-native';
import { openEnds } from './recorder';
import { thrown } from './thrown';

it('refuses a number that is not open, a second owner, and a socket that is in use', () => {
  const fd = openSync('/dev/null', 'r');
  const own = () => {
    nativeDescriptors.own(fd);
  };
  own();
  expect(thrown(own)).toMatchObject({ code: 'ERR_FD_BUSY' });
  nativeDescriptors.close(fd);
  expect(thrown(own)).toMatchObject({ code: 'EBADF', syscall: 'fcntl' });
  using ends = openEnds();
  const { socket } = ends;
  expect(
    thrown(() => {
      nativeDescriptors.own(socket.fd);
    }),
  ).toMatchObject({ code: 'ERR_FD_BUSY' });
});

it('closes only what is its own', () => {
  const fd = openSync('/dev/null', 'r');
  expect(
    thrown(() => {
      nativeDescriptors.close(fd);
    }),
  ).toMatchObject({ code: 'EBADF', syscall: 'close' });
  nativeDescriptors.own(fd);
  nativeDescriptors.disown(fd);
  nativeDescriptors.closeAll([fd, -1, 1_000_000]);
  expect(nativeDescriptors.isOpen(fd)).toBe(true);
  closeSync(fd);
  expect(nativeDescriptors.isOpen(fd)).toBe(false);
});

it('holds many descriptors', () => {
  const fds = Array.from({ length: 500 }, () => nativeDescriptors.dup(0));
  expect(new Set(fds).size).toBe(500);
  for (const fd of fds) expect(addon.own(fd)).toBeLessThan(0);
  nativeDescriptors.closeAll(fds);
  expect(fds.some((fd) => nativeDescriptors.isOpen(fd))).toBe(false);
});

it('closes neighbouring numbers together, and nothing between them that is not its own', () => {
  const fds = Array.from({ length: 12 }, () => nativeDescriptors.dup(0)).sort((a, b) => a - b);
  const [stranger = -1, kept = -1] = [fds[3], fds[7]];
  nativeDescriptors.disown(stranger);
  // Twice, backwards, and past the end of the runs: each is closed once, and what is not in the ledger never.
  const others = fds.filter((fd) => fd !== kept);
  nativeDescriptors.closeAll([...others, ...others.toReversed(), -1]);
  expect(fds.filter((fd) => nativeDescriptors.isOpen(fd))).toEqual([stranger, kept]);
  nativeDescriptors.closeAll([kept]);
  closeSync(stranger);
});

it('describes what is open and never throws', () => {
  const fd = openSync('/dev/null', 'r');
  expect(nativeDescriptors.describe(fd)).toBe('/dev/null');
  closeSync(fd);
  expect(nativeDescriptors.describe(-1)).toBe('unknown');
});

describe('arguments of the wrong type', () => {
  /** The addon as a caller without types sees it. */
  const untyped = addon as Record<keyof Addon, unknown> as Record<keyof Addon, (...args: unknown[]) => unknown>;

  it.each([1.5, NaN, 2 ** 32, -(2 ** 40), '3', undefined, null, {}, 3n])('are a TypeError: %p', (wrong) => {
    expect(thrown(() => untyped.dup(wrong))).toMatchObject({
      name: 'TypeError',
      message: 'fd must be a 32-bit integer',
    });
  });

  it.each([
    ['text', []],
    [new Float64Array(1), []],
    [Buffer.from('x'), [0.5]],
    [Buffer.from('x'), 'none'],
  ])('are told of before anything is sent: %p, %p', (bytes, fds) => {
    using ends = openEnds();
    const { peer, socket } = ends;
    expect(thrown(() => untyped.sendMessage(peer.fd, bytes, fds))).toMatchObject({ name: 'TypeError' });
    expect(addon.receiveMessage(socket.fd, Buffer.alloc(1))).toBeLessThan(0);
  });

  it.each([undefined, {}, { read: Date, writable: Date }])(
    'as callbacks leave the socket with the caller: %p',
    (it) => {
      using ends = openEnds();
      const { peer } = ends;
      expect(thrown(() => untyped.openSocket(peer.fd, it))).toMatchObject({ name: 'TypeError' });
      expect(nativeDescriptors.isOpen(peer.fd)).toBe(true);
    },
  );
});
