import { AncillaryError, type DescriptorTable, errnoName, LostNumbers, printable } from '../binding';
import { addon } from './addon';
import { kindAtAGlance } from './fd-kind';
import { checked, failure } from './native-failure';

const lostNumbers = new LostNumbers((index) => addon.lostNumber(index));

/** The process's own descriptors, with the ledger that native/ledger.h keeps for this environment. */
export const nativeDescriptors: DescriptorTable & { lostCount: number } = {
  own(fd) {
    const result = addon.own(fd);
    if (result < 0 && errnoName(-result) === 'EEXIST') {
      throw new AncillaryError(
        'ERR_FD_BUSY',
        `descriptor ${fd} has an owner already, here or in another thread; dup() that one, or take() it first, since two ` +
          `would close it twice`,
      );
    }
    checked(result, 'fcntl', `descriptor ${fd} is not open`);
  },

  disown(fd) {
    checked(addon.disown(fd), 'close', `descriptor ${fd} is not in the ledger`);
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

  remember(fd) {
    addon.remember(fd);
  },

  closeForgotten(fd) {
    return addon.closeForgotten(fd) >= 0;
  },

  lostCount: 0,

  noticeLost() {
    const count = addon.lostCount[0] ?? 0;
    this.lostCount = count;
    return count;
  },

  isLost(fd, since) {
    return lostNumbers.isLost(fd, since, this.lostCount);
  },

  lend(fd) {
    addon.lend(fd);
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

  glance(fd) {
    const link = addon.procLink(fd);
    if (typeof link !== 'string') return {};
    const kind = kindAtAGlance(fd, link);
    if (kind === undefined) return { path: printable(link) };
    return kind === 'memfd' || kind === 'other' ? { kind, path: printable(link) } : { kind };
  },
};
