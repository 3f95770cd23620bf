import fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ListeningBinding, type OwnedFd, systemError } from '../../binding';
import { throwIfAborted } from '../abort';

/** A path with the very socket that was bound to it. */
export interface BoundPath {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
}

const PERMISSIONS = 0o777;
const LOCK_PAUSE_MS = 5;
const LOCK_TRIES = 200;

/**
 * Binds a socket to a path and starts listening. A socket that no server answers at any more is replaced; a live one, or
 * anything that is not a socket, is left alone.
 *
 * Between bind and listen a server looks just like a stale one (ECONNREFUSED, docs/kernel.md 28), and one that judged a
 * path stale could remove the fresh socket of another. So all of it happens under a lock on the directory, which leaves
 * nothing behind. Without permission to open the directory, or when somebody keeps it locked, it goes on unlocked: an
 * advisory lock that anyone may take must not keep a server from starting.
 *
 * @param mode permissions of the path, in force from the moment it exists
 * @throws EADDRINUSE; AbortError; system errors of bind(2) and listen(2)
 */
export async function bindPath(
  binding: ListeningBinding,
  socket: OwnedFd,
  path: string,
  mode: number,
  backlog: number,
  signal: AbortSignal | undefined,
): Promise<BoundPath> {
  const directory = openDirectory(path);
  try {
    if (directory !== undefined) await lock(binding, directory, signal);
    return bindLocked(binding, socket, path, mode, backlog);
  } finally {
    if (directory !== undefined) fs.closeSync(directory);
  }
}

/** Removes the path if it is still the socket that was bound; call it while that is listening, so nobody replaces it. */
export function unbindPath({ path, dev, ino }: BoundPath): void {
  const found = entryAt(path);
  if (found?.dev === dev && found.ino === ino) fs.rmSync(path, { force: true });
}

/** What stands at a path; undefined also where the path leads nowhere any more. */
function entryAt(path: string): fs.BigIntStats | undefined {
  try {
    return fs.lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function bindLocked(
  binding: ListeningBinding,
  socket: OwnedFd,
  path: string,
  mode: number,
  backlog: number,
): BoundPath {
  // The path gets the socket's own mode, less the umask, at the moment of bind (docs/kernel.md 28).
  const unmoded = binding.setMode(socket, mode);
  if (unmoded !== undefined) throw Object.assign(systemError(unmoded, 'fchmod', path), { path });
  let refusal = binding.bind(socket, { path });
  if (refusal === 'EADDRINUSE' && removeStale(binding, path)) refusal = binding.bind(socket, { path });
  if (refusal !== undefined) {
    const why = refusal === 'EADDRINUSE' ? `a server answers at ${path}` : path;
    throw Object.assign(systemError(refusal, 'bind', why), { path });
  }
  const { dev, ino, mode: given } = fs.lstatSync(path, { bigint: true });
  // The working directory may be another one when it is removed.
  const bound = { path: resolve(path), dev, ino };
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
  const found = entryAt(path);
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

async function lock(binding: ListeningBinding, directory: number, signal: AbortSignal | undefined): Promise<void> {
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    if (binding.lock(directory) !== 'EAGAIN') return;
    throwIfAborted(signal);
    await delay(LOCK_PAUSE_MS);
  }
}
