import { OwnedFd, type PeerBinding, type PeerCredentials } from '../binding';
import { addon } from './addon';
import { nativeDescriptors } from './native-descriptor-table';
import { checked, failure } from './native-failure';

/** The kernel is too old for the option, or no security module answers it; or it is none of Linux. */
const LACKING = new Set(['ENOPROTOOPT', 'EOPNOTSUPP', 'ENOSYS', 'ENODATA']);
/** Before Linux 6.16, of a process that is gone and was waited for (docs/kernel.md 56). */
const GONE = new Set(['EINVAL', 'ESRCH']);

/** Who is at the other end, on the real kernel. */
export const nativePeers: PeerBinding = {
  credentials: readCredentials,

  groups(socket) {
    const groups = addon.peerGroups(socket);
    if (typeof groups !== 'number') return groups;
    requireLacking(groups, socket);
    return undefined;
  },

  pidfd(socket) {
    const fd = addon.peerPidfd(socket);
    if (fd >= 0) return OwnedFd.ofLedger(fd, nativeDescriptors);
    requireLacking(fd, socket, GONE);
    return undefined;
  },

  label(socket) {
    const label = addon.peerLabel(socket);
    if (typeof label !== 'number') return label;
    requireLacking(label, socket);
    return undefined;
  },
};

/** @throws system errors */
export function readCredentials(socket: number): PeerCredentials {
  const raw = new Int32Array(3);
  checked(addon.peerCredentials(socket, raw), 'getsockopt', `descriptor ${socket}`);
  // uid_t and gid_t are unsigned: 4294967294 (nobody in a user namespace) is no negative number.
  const [pid = 0, uid = 0, gid = 0] = new Uint32Array(raw.buffer);
  return { pid, uid, gid };
}

/** @throws the system error for an errno that does not say that there is no answer */
function requireLacking(errno: number, socket: number, also?: ReadonlySet<string>): void {
  const error = failure(errno, 'getsockopt', `descriptor ${socket}`);
  if (!LACKING.has(error.code) && also?.has(error.code) !== true) throw error;
}
