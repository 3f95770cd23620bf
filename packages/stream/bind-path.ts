import fs from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ListeningBinding, type OwnedFd, systemError } from '../binding';

/** A path with the very socket that was bound to it. */
export interface BoundPath {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
}

const PERMISSIONS = 0o777;
const LOCK_PAUSE_MS = 5;
const LOCK_TRIES = 400;

/**
 * Binds a socket to a path and starts listening. A socket that no server answers at any more is replaced; a live one, or
 * anything that is not a socket, is left alone.
 *
 * Between bind and listen a server looks just like a stale one (ECONNREFUSED, docs/kernel.md 28), and one that judged a
 * path stale could remove the fresh socket of another. So all of it happens under a lock on the directory, which leaves
 * nothing behind; without permission to open the directory it goes on unlocked.
 *
 * @param mode permissions of the path, in force from the moment it exists
 * @throws EADDRINUSE; system errors of open(2), bind(2) and listen(2)
 */
export async function bindPath(
  binding: ListeningBinding,
  socket: OwnedFd,
  path: string,
  mode: number,
  backlog: number,
): Promise<BoundPath> {
  const directory = openDirectory(path);
  try {
    if (directory !== undefined) await lock(binding, directory, path);
    return bindLocked(binding, socket, path, mode, backlog);
  } finally {
    if (directory !== undefined) fs.closeSync(directory);
  }
}

/** Removes the path if it is still the socket that was bound; call it while that is listening, so nobody replaces it. */
export function unbindPath({ path, dev, ino }: BoundPath): void {
  const found = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found?.dev === dev && found.ino === ino) fs.rmSync(path, { force: true });
}

function bindLocked(
  binding: ListeningBinding,
  socket: OwnedFd,
  path: string,
  mode: number,
  backlog: number,
): BoundPath {
  // The path gets the socket's own mode, less the umask, at the moment of bind (docs/kernel.md 28).
  fs.fchmodSync(socket.fd, mode);
  let refusal = binding.bind(socket, { path });
  if (refusal === 'EADDRINUSE' && removeStale(binding, path)) refusal = binding.bind(socket, { path });
  if (refusal !== undefined) throw Object.assign(systemError(refusal, 'bind', path), { path });
  const { dev, ino, mode: given } = fs.lstatSync(path, { bigint: true });
  const bound = { path, dev, ino };
  try {
    // Only ever widens, and nobody can connect before listen().
    if ((Number(given) & PERMISSIONS) !== mode) fs.chmodSync(path, mode);
    const failure = binding.listen(socket, backlog);
    if (failure !== undefined) throw Object.assign(systemError(failure, 'listen', path), { path });
  } catch (error) {
    unbindPath(bound);
    throw error;
  }
  return bound;
}

/** Whether the path is free now. @throws EADDRINUSE where it is not a socket */
function removeStale(binding: ListeningBinding, path: string): boolean {
  const found = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return true;
  if (!found.isSocket()) {
    throw Object.assign(systemError('EADDRINUSE', 'bind', `${path} exists and is not a socket; it is left alone`), {
      path,
    });
  }
  using probe = binding.socket();
  const refusal = binding.connect(probe, { path });
  if (refusal !== 'ECONNREFUSED') return refusal === 'ENOENT';
  unbindPath({ path, dev: found.dev, ino: found.ino });
  return true;
}

function openDirectory(path: string): number | undefined {
  try {
    return fs.openSync(dirname(path), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  } catch {
    // Where this matters bind(2) fails too, and says it better.
    return undefined;
  }
}

async function lock(binding: ListeningBinding, directory: number, path: string): Promise<void> {
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    const refusal = binding.lock(directory);
    if (refusal === undefined) return;
    if (refusal !== 'EAGAIN') throw systemError(refusal, 'flock', dirname(path));
    await delay(LOCK_PAUSE_MS);
  }
  const detail = `${path}: its directory has been locked by somebody else for too long`;
  throw Object.assign(systemError('EADDRINUSE', 'bind', detail), { path });
}
