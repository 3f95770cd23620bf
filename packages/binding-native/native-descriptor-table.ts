import { AncillaryError, type DescriptorTable, errnoName, printable } from '../binding';
import { addon } from './addon';
import { checked, failure } from './native-failure';

/** The process's own descriptors, with the ledger that native/ledger.h keeps for this environment. */
export const nativeDescriptors: DescriptorTable = {
  own(fd) {
    const result = addon.own(fd);
    if (result < 0 && errnoName(-result) === 'EEXIST') {
      throw new AncillaryError(
        'ERR_FD_BUSY',
        `descriptor ${fd} has an owner already; dup() that one, or take() it first, since two would close it twice`,
      );
    }
    checked(result, 'fcntl', `descriptor ${fd} is not open`);
  },

  disown(fd) {
    addon.disown(fd);
  },

  close(fd) {
    const result = addon.close(fd);
    if (result < 0) throw failure(result, 'close', `descriptor ${fd}`);
  },

  closeAll(fds) {
    const { closeFds } = addon;
    for (let start = 0; start < fds.length; start += closeFds.length) {
      const count = Math.min(closeFds.length, fds.length - start);
      for (let index = 0; index < count; index++) closeFds[index] = fds[start + index] ?? -1;
      addon.closeAll(count);
    }
  },

  dup(fd) {
    return checked(addon.dup(fd), 'fcntl', `cannot duplicate descriptor ${fd}`);
  },

  isOpen(fd) {
    return addon.descriptorFlags(fd) >= 0;
  },

  describe(fd) {
    // Not by node:fs: Deno without --allow-all keeps /proc from it.
    const link = addon.procLink(fd);
    return typeof link === 'string' ? printable(link) : 'unknown';
  },
};
