import { AncillaryError, describeValue, type FdKind, invalidType, OwnedFd, printable } from '../binding';
import { describeFd, type FdInfo } from './describe-fd';

/**
 * What a descriptor that is to be taken over is, if it is one of these kinds.
 * @throws TypeError for what closes its descriptor itself; ERR_FD_KIND; EBADF; ERR_FD_CLOSED
 */
export function requireKind(fd: number | OwnedFd, kinds: readonly FdKind[], what: string): FdInfo {
  const info = describeFd(fd);
  const given: unknown = fd;
  if (typeof given !== 'number' && !(given instanceof OwnedFd))
    throw invalidType(`fd is a number or an OwnedFd, not ${describeValue(given)}, which closes it; give fds.dup(fd)`);
  if (info.access === 'path') throw wrongKind(info, what, 'it was opened with O_PATH');
  if (!kinds.includes(info.kind)) throw wrongKind(info, what);
  return info;
}

/** ERR_FD_KIND. @param what is not made of it, such as `a net.Socket` */
export function wrongKind(info: FdInfo, what: string, why?: string): AncillaryError {
  const reason = why === undefined ? '' : `: ${why}`;
  return new AncillaryError(
    'ERR_FD_KIND',
    `a ${info.kind} (${printable(info.path ?? '?')}) makes no ${what.replace(/^an? /, '')}${reason}; it is still open and yours`,
  );
}

/**
 * Makes something that owns the descriptor's number from then on. Whatever throws, the descriptor is the caller's as it was.
 * @throws ERR_FD_BUSY for a number that an OwnedFd or FdSocket holds: it would be closed twice; EBADF for an OwnedFd whose
 * number somebody else closed
 */
export function handOver<Made>(fd: number | OwnedFd, make: (fd: number) => Made): Made {
  const owned = typeof fd === 'number' ? OwnedFd.adopt(fd) : fd;
  // What is made of a number that is another owner's by now would close it.
  owned.requireOwned('take');
  try {
    const made = make(owned.fd);
    owned.take();
    return made;
  } catch (error) {
    if (typeof fd === 'number') owned.take();
    throw error;
  }
}

/** An OwnedFd that nobody else has. @throws ERR_FD_BUSY, EBADF, with the descriptor as it was */
export function takeOver(fd: number | OwnedFd): OwnedFd {
  if (typeof fd === 'number') return OwnedFd.adopt(fd);
  fd.requireOwned('take');
  return OwnedFd.adopt(fd.take());
}
