import { closeSync, fstatSync, openSync } from 'node:fs';
import { AncillaryError, fds, OwnedFd } from '../../packages/ancillary';
import { addon } from '../../packages/binding-native';
import { identity } from '../support/descriptors';

const failsWith = (code: string) => expect.objectContaining({ code }) as Error;
const isOpen = (fd: number) => addon.descriptorFlags(fd) >= 0;

it('closes its descriptor once, and closing again does nothing', () => {
  const owned = OwnedFd.adopt(openSync('/dev/null', 'r'));
  const { fd } = owned;
  expect([isOpen(fd), owned.closed]).toEqual([true, false]);
  owned.close();
  expect([isOpen(fd), owned.closed, owned.fd]).toEqual([false, true, -1]);
  // Whoever gets the number next must not lose it to a second close.
  using next = OwnedFd.adopt(openSync('/dev/null', 'r'));
  expect(next.fd).toBe(fd);
  owned.close();
  expect(isOpen(next.fd)).toBe(true);
});

it('take() hands the open descriptor over, and leaves nothing to close', () => {
  const owned = OwnedFd.adopt(openSync('/dev/null', 'r'));
  const { fd } = owned;
  expect(owned.take()).toBe(fd);
  expect([owned.closed, owned.fd]).toEqual([true, -1]);
  owned.close();
  expect(isOpen(fd)).toBe(true);
  closeSync(fd);
});

it.each(['take', 'dup'] as const)('%s() of what is closed or taken is ERR_FD_CLOSED', (method) => {
  const closed = fds.memfd('closed');
  closed.close();
  expect(() => closed[method]()).toThrow(failsWith('ERR_FD_CLOSED'));
  const taken = fds.memfd('taken');
  closeSync(taken.take());
  expect(() => taken[method]()).toThrow(AncillaryError);
});

it('dup() makes a second owner of the same file, close-on-exec, which outlives the first', () => {
  const first = fds.memfd('file');
  using second = first.dup();
  expect(second.fd).not.toBe(first.fd);
  expect(identity(second.fd)).toBe(identity(first.fd));
  expect(addon.descriptorFlags(second.fd)).toBe(1);
  first.close();
  expect(fstatSync(second.fd).isFile()).toBe(true);
});

it('adopting a number that has an owner is ERR_FD_BUSY, until that one took or closed it', () => {
  using first = fds.memfd('file');
  expect(() => OwnedFd.adopt(first.fd)).toThrow(failsWith('ERR_FD_BUSY'));
  using second = OwnedFd.adopt(first.take());
  expect(isOpen(second.fd)).toBe(true);
});

it('adopting what is not open is EBADF', () => {
  const fd = openSync('/dev/null', 'r');
  closeSync(fd);
  expect(() => OwnedFd.adopt(fd)).toThrow(failsWith('EBADF'));
});

it.each([-1, 1.5, NaN, Infinity, '3', null, undefined])('%p is no descriptor number', (fd) => {
  expect(() => OwnedFd.adopt(fd as number)).toThrow(TypeError);
});

it('close() tells EBADF when somebody else closed the number, and is done with it', () => {
  const owned = OwnedFd.adopt(openSync('/dev/null', 'r'));
  closeSync(owned.fd);
  expect(() => {
    owned.close();
  }).toThrow(failsWith('EBADF'));
  expect(owned.closed).toBe(true);
});

it('is closed at the end of a using block, unless it was taken', () => {
  let kept: number;
  let closed: number;
  {
    using first = fds.memfd('closed');
    using second = fds.memfd('taken');
    closed = first.fd;
    kept = second.take();
  }
  expect([isOpen(closed), isOpen(kept)]).toEqual([false, true]);
  closeSync(kept);
});

it('closes many in one call, passing over those that are closed, taken, or were closed behind our back', () => {
  const [first, second, third, fourth] = [fds.memfd('a'), fds.memfd('b'), fds.memfd('c'), fds.memfd('d')];
  second.close();
  closeSync(third.take());
  closeSync(first.fd);
  expect(OwnedFd.closeAll([first, second, third, fourth])).toBe(2);
  expect([first, second, third, fourth].every(({ closed }) => closed)).toBe(true);
});
