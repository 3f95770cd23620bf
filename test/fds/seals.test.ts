import fs from 'node:fs';
import { fds } from '../../packages/ancillary';

const refused = (code: string): Error => expect.objectContaining({ code }) as Error;

it('memfd() of a size has so many zero bytes, and takes memory as they are written', () => {
  using large = fds.memfd('large', 64 * 2 ** 30);
  expect(fds.describeFd(large)).toMatchObject({ kind: 'memfd', size: BigInt(64 * 2 ** 30), position: 0n, seals: [] });
  expect(fs.fstatSync(large.fd).blocks).toBe(0);
  fs.writeSync(large.fd, 'x', 2 ** 30);
  const read = Buffer.alloc(3);
  fs.readSync(large.fd, read, 0, 3, 2 ** 30 - 1);
  expect(read).toEqual(Buffer.from('\0x\0'));
});

it('memfd() of a size of 0 is empty, and one of a size can be sealed at once', () => {
  using empty = fds.memfd('empty', 0);
  using sealed = fds.memfd('sealed', 10, { seal: true });
  expect([fds.describeFd(empty).size, fds.describeFd(sealed).size]).toEqual([0n, 10n]);
  expect(fds.describeFd(sealed).seals).toEqual(['seal', 'shrink', 'grow', 'write']);
});

it.each([-1, 0.5, NaN, Infinity, 2 ** 53])('a size of %p is refused, and nothing is left open', (size) => {
  expect(() => fds.memfd('x', size)).toThrow(refused('ERR_OUT_OF_RANGE'));
});

it('seals add up, and each forbids what it says', () => {
  using memfd = fds.memfd('memory', 100);
  fds.seal(memfd, ['shrink']);
  expect(() => fs.ftruncateSync(memfd.fd, 99)).toThrow(refused('EPERM'));
  fs.ftruncateSync(memfd.fd, 101);
  fds.seal(memfd.fd, ['grow', 'future-write']);
  expect(() => fs.ftruncateSync(memfd.fd, 102)).toThrow(refused('EPERM'));
  expect(() => fs.writeSync(memfd.fd, 'x', 0)).toThrow(refused('EPERM'));
  expect(fds.describeFd(memfd).seals).toEqual(['shrink', 'grow', 'future-write']);
  fds.seal(memfd, []);
  fds.seal(memfd, ['seal']);
  expect(() => fds.seal(memfd, ['write'])).toThrow(refused('EPERM'));
});

it('by default nothing can change any more', () => {
  using memfd = fds.memfd('memory', Buffer.from('data'));
  fds.seal(memfd);
  expect(fds.describeFd(memfd).seals).toEqual(['seal', 'shrink', 'grow', 'write']);
});

it('what is no memfd, and no seal, is refused', () => {
  using eventfd = fds.eventfd();
  using memfd = fds.memfd('memory');
  expect(() => fds.seal(eventfd)).toThrow(refused('EINVAL'));
  expect(() => fds.seal(999_999)).toThrow(refused('EBADF'));
  expect(() => fds.seal(memfd, ['toString' as 'seal'])).toThrow(refused('ERR_INVALID_ARG_VALUE'));
  expect(() => fds.seal(memfd, new Array<'seal'>(3))).toThrow(refused('ERR_INVALID_ARG_VALUE'));
  expect(() => fds.seal(memfd, 'write' as never)).toThrow(refused('ERR_INVALID_ARG_TYPE'));
  expect(fds.describeFd(memfd).seals).toEqual([]);
});
