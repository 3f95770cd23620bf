import { getProcessTable, OwnedFd } from '../binding';
import { closeSource, type FdLike } from '../stream';

/** Closes descriptors that a library held, each by its own method; passes over what is closed, or is somebody else's by now. */
export function closeNumbers(fds: readonly FdLike[]): void {
  for (const fd of fds) {
    if (fd instanceof OwnedFd) OwnedFd.closeAll([fd]);
    else closeSource(fd, getProcessTable());
  }
}
