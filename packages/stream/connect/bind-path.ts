import fs from 'node:fs';
import type { ListeningBinding, OwnedFd, SocketFile } from '../../binding';
import { addressError, showAddress } from './address';
import { askWhetherBound, BoundPath, entryAt } from './bound-path';
import { withDirectoryLocked } from './directory-lock';
import type { PinnedAddress } from './pinned-address';

const PERMISSIONS = 0o777;

/** Where to bind, and how. */
export interface Place {
  readonly address: PinnedAddress;
  /** That of the address, written out. */
  readonly path: string;
  /** Permissions of the path. */
  readonly mode: number;
  readonly backlog: number;
}

/**
 * Binds a socket to a path and starts listening. A socket's file that no socket is bound to any more is replaced; anything
 * else is left alone. All of it happens under a lock on the directory, for one that judged a file stale could remove the
 * fresh one of another.
 * @returns `'occupied'` where a socket is bound to the path
 * @throws EADDRINUSE where there is something that is not a socket; AbortError; system errors
 */
export function bindPath(
  binding: ListeningBinding,
  socket: OwnedFd,
  where: Place,
  signal: AbortSignal | undefined,
): Promise<BoundPath | 'occupied'> {
  return withDirectoryLocked(binding, where.path, signal, () => bindLocked(binding, socket, where));
}

function bindLocked(binding: ListeningBinding, socket: OwnedFd, where: Place): BoundPath | 'occupied' {
  const { given } = where.address;
  // The path gets the socket's own mode, less the umask, at the moment of bind (docs/kernel.md 28).
  const unmoded = binding.setMode(socket, where.mode);
  if (unmoded !== undefined) throw addressError(unmoded, 'fchmod', given);
  let refusal = binding.bind(socket, where.address.address);
  if (refusal === 'EADDRINUSE') {
    if (!removeStale(binding, where)) return 'occupied';
    refusal = binding.bind(socket, where.address.address);
    if (refusal === 'EADDRINUSE') return 'occupied';
  }
  if (refusal !== undefined) throw addressError(refusal, 'bind', given);
  return listenAt(binding, socket, where);
}

/** Whether the path is free now. @throws EADDRINUSE where it is not a socket */
function removeStale(binding: ListeningBinding, { address, path }: Place): boolean {
  const found = entryAt(path);
  if (found === undefined) return true;
  if (!found.isSocket()) {
    const detail = `${showAddress(address.given)} exists and is not a socket; it is left alone`;
    throw addressError('EADDRINUSE', 'bind', address.given, detail);
  }
  const refusal = askWhetherBound(binding, address.address);
  if (refusal !== 'ECONNREFUSED') return refusal === 'ENOENT';
  new BoundPath(binding, path, found).remove();
  return true;
}

function listenAt(binding: ListeningBinding, socket: OwnedFd, place: Place): BoundPath {
  const { address, path } = place;
  const file = binding.openSocketFile(socket.fd, path);
  if (typeof file === 'string') {
    const left = entryAt(path);
    if (left?.isSocket() === true) new BoundPath(binding, path, left).remove();
    throw addressError(file, 'open', address.given);
  }
  try {
    const bound = new BoundPath(binding, path, file);
    // Who may write to the directory may have put something else there since.
    if ((file.mode & fs.constants.S_IFMT) !== fs.constants.S_IFSOCK || !bound.standing) throw replaced(address);
    serve(binding, socket, file, place, bound);
    return bound;
  } finally {
    file.fd.close();
  }
}

function serve(binding: ListeningBinding, socket: OwnedFd, file: SocketFile, place: Place, bound: BoundPath): void {
  const { address, mode, backlog } = place;
  try {
    if ((file.mode & PERMISSIONS) !== mode) widen(binding, file, mode, address);
    const failure = binding.listen(socket, backlog);
    if (failure !== undefined) throw addressError(failure, 'listen', address.given);
  } catch (error) {
    bound.remove();
    throw error;
  }
}

/** Gives the file the bits that the umask took. Nobody can connect before listen(). */
function widen(binding: ListeningBinding, file: SocketFile, mode: number, address: PinnedAddress): void {
  // Another name of a socket that is elsewhere, put there instead of ours: that would change the mode of the other. One of the
  // same user that was moved here, and has no other name, can be told from ours with CAP_NET_ADMIN alone (docs/kernel.md 42).
  if (file.links > 1n) throw replaced(address);
  const refusal = binding.setFileMode(file, mode);
  if (refusal !== undefined) throw addressError(refusal, 'chmod', address.given);
}

function replaced({ given }: PinnedAddress): Error {
  return addressError('EADDRINUSE', 'bind', given, `somebody replaced ${showAddress(given)} while it was bound`);
}
