import { AncillaryError, type ByteRange, type OwnedFd } from '../binding';
import { discardFds, type FdSocket } from '../stream';

/**
 * Closes descriptors of a message that reach nobody, which the socket tells of.
 * @param refusal why, if the message was refused
 */
export function discard(socket: FdSocket, fds: readonly OwnedFd[], range: ByteRange, refusal?: Error): void {
  const overQuota = refusal instanceof AncillaryError && refusal.code === 'ERR_FD_QUOTA';
  socket[discardFds](fds, range, overQuota ? 'quota' : 'untaken');
}
