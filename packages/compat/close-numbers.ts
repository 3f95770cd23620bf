import { OwnedFd } from '../binding';

/** Closes descriptors that a library held as numbers; passes over what is closed already, or is somebody else's by now. */
export function closeNumbers(fds: readonly (number | OwnedFd)[]): void {
  for (const fd of fds) {
    try {
      (typeof fd === 'number' ? OwnedFd.adopt(fd) : fd).close();
    } catch {
      // Not ours to close.
    }
  }
}
