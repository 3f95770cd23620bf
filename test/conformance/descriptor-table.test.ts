import { OwnedFd } from '../../packages/binding';
import { thrown } from '../native/thrown';
import { type Kernel, onEach } from './kernel';
import { kernels } from './kernels';
import { notOpen } from './sent-files';

// DescriptorTable: a process's descriptors, and the ledger of those that JavaScript must close.

const BUSY = { name: 'AncillaryError', code: 'ERR_FD_BUSY' };
const EBADF = { code: 'EBADF', errno: -9, syscall: expect.any(String) as string };

const tableOf = (kernel: Kernel) => kernel.bindings[0].descriptors;

onEach(kernels, (test) => {
  test('own() enters an open descriptor once; disown() strikes it off and leaves it open', (kernel) => {
    const table = tableOf(kernel);
    const fd = kernel.open(0).take();
    table.own(fd);
    expect(thrown(() => table.own(fd))).toMatchObject(BUSY);
    table.disown(fd);
    expect(table.isOpen(fd)).toBe(true);
    table.own(fd);
    table.close(fd);
    expect(table.isOpen(fd)).toBe(false);
  });

  test('own() of what is not open is EBADF, also when that was in the ledger', (kernel) => {
    const table = tableOf(kernel);
    expect(thrown(() => table.own(notOpen(kernel)))).toMatchObject(EBADF);
    expect(thrown(() => table.own(-1))).toMatchObject(EBADF);
    const file = kernel.open(0);
    kernel.closeBehindItsOwner(file, 0);
    expect(thrown(() => table.own(file.fd))).toMatchObject(EBADF);
    expect(thrown(() => file.close())).toMatchObject(EBADF);
  });

  test('close() closes what the ledger has, once; what it has not is EBADF and stays open', (kernel) => {
    const table = tableOf(kernel);
    const fd = kernel.open(0).take();
    expect(thrown(() => table.close(fd))).toMatchObject({ ...EBADF, syscall: 'close' });
    expect(table.isOpen(fd)).toBe(true);
    table.own(fd);
    table.close(fd);
    expect(thrown(() => table.close(fd))).toMatchObject({ ...EBADF, syscall: 'close' });
    expect(thrown(() => table.close(-1))).toMatchObject({ ...EBADF, syscall: 'close' });
  });

  test('a number that somebody else closed is EBADF to close, and then free for another owner', (kernel) => {
    const table = tableOf(kernel);
    const file = kernel.open(0);
    const { fd } = file;
    kernel.closeBehindItsOwner(file, 0);
    expect(thrown(() => file.close())).toMatchObject(EBADF);
    const next = kernel.open(0).take();
    expect(next).toBe(fd);
    table.own(next);
    table.close(next);
  });

  test('closeAll() passes over failures, and closes only what the ledger has', (kernel) => {
    const table = tableOf(kernel);
    const files = Array.from({ length: 3 }, () => kernel.open(0));
    const numbers = files.map(({ fd }) => fd);
    const bare = kernel.open(0).take();
    const [, second] = files;
    if (second === undefined) throw new Error('three were opened');
    kernel.closeBehindItsOwner(second, 0);
    table.closeAll([-1, ...numbers, bare, ...numbers]);
    expect([...numbers, bare].map((fd) => table.isOpen(fd))).toEqual([false, false, false, true]);
    for (const file of files) expect(thrown(() => file.close())).toMatchObject(EBADF);
    table.own(bare);
    const again = kernel.open(0).take();
    expect(numbers).toContain(again);
    table.own(again);
    table.closeAll([bare, again]);
  });

  test('dup() gives another number of the same file, in the ledger', (kernel) => {
    const table = tableOf(kernel);
    using file = kernel.open(0);
    using copy = OwnedFd.ofLedger(table.dup(file.fd), table);
    expect(copy.fd).not.toBe(file.fd);
    expect(kernel.identity(copy, 0)).toBe(kernel.identity(file, 0));
    expect(thrown(() => table.own(copy.fd))).toMatchObject(BUSY);
  });

  test('dup() of what is not open is EBADF, and EMFILE where no number is free', async (kernel) => {
    const table = tableOf(kernel);
    expect(thrown(() => table.dup(notOpen(kernel)))).toMatchObject({ ...EBADF, syscall: 'fcntl' });
    expect(thrown(() => table.dup(-1))).toMatchObject({ ...EBADF, syscall: 'fcntl' });
    using file = kernel.open(0);
    await kernel.withFreeNumbers(1, 0, () => {
      using last = OwnedFd.ofLedger(table.dup(file.fd), table);
      expect(thrown(() => table.dup(last.fd))).toMatchObject({ code: 'EMFILE', errno: -24, syscall: 'fcntl' });
      return Promise.resolve();
    });
  });

  test('isOpen() is true of what is open, in the ledger or not', (kernel) => {
    const table = tableOf(kernel);
    const file = kernel.open(0);
    const { fd } = file;
    expect(table.isOpen(fd)).toBe(true);
    file.take();
    expect(table.isOpen(fd)).toBe(true);
    table.own(fd);
    table.close(fd);
    expect([fd, -1].map((each) => table.isOpen(each))).toEqual([false, false]);
  });

  test('describe() has words for what is open, and throws for nothing', (kernel) => {
    const table = tableOf(kernel);
    using file = kernel.open(0);
    const words = table.describe(file.fd);
    expect(words).not.toBe('unknown');
    expect(words).not.toBe('');
    expect([notOpen(kernel), -1].map((fd) => table.describe(fd))).toEqual(['unknown', 'unknown']);
  });
});
