import { OwnedFd } from '../../packages/binding';
import { fds } from '../../packages/ancillary';
import { MSG_OOB } from '../../packages/binding-model';
import { nativeBinding } from '../../packages/binding-native';
import { RealProcess } from '../kernel-calls/real-process';
import { withDescriptorLimit } from '../support/descriptor-limit';
import { identity, settleClosing } from '../support/descriptors';
import type { Kernel } from './kernel';

/** The kernel under this process. */
export function nativeKernel(): Kernel {
  const calls = new RealProcess();
  const self = { pid: process.pid, uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  return {
    bindings: [nativeBinding, nativeBinding],
    credentials: [self, self],
    socketpair: () => nativeBinding.socketpair(),
    open() {
      // So that the lowest free number is what the contract says.
      settleClosing();
      return fds.memfd('conformance');
    },
    identity: ({ fd }) => identity(fd),
    datagramSocket() {
      const [kept, other] = calls.socketpair('seqpacket');
      calls.close(other);
      return OwnedFd.adopt(kept);
    },
    closeBehindItsOwner: ({ fd }) => calls.close(fd),
    shutdownBoth: ({ fd }) => calls.shutdown(fd, 'SHUT_RDWR'),
    sendOutOfBand({ fd }, _place, byte, rights) {
      calls.sendmsg(fd, { bytes: Buffer.from(byte), fds: [rights], flags: MSG_OOB });
    },
    withFreeNumbers: (free, _place, run) => withDescriptorLimit(free, run),
    leftOpen: () => [[], []],
  };
}
