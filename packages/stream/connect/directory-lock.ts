import fs from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListeningBinding } from '../../binding';
import { throwIfAborted } from '../abort';

const PAUSE_MS = 5;
const TRIES = 200;

/**
 * Does something to a path while no other server of this package does. The lock is on the directory and leaves nothing
 * behind. Without permission to open the directory, or when somebody keeps it locked, it goes on unlocked: an advisory lock
 * that anyone may take must not keep a server from starting.
 * @throws AbortError; what the work throws
 */
export async function withDirectoryLocked<T>(
  binding: ListeningBinding,
  path: string,
  signal: AbortSignal | undefined,
  work: () => T,
): Promise<T> {
  const directory = openDirectory(path);
  try {
    if (directory !== undefined) await lock(binding, directory, signal);
    return work();
  } finally {
    if (directory !== undefined) fs.closeSync(directory);
  }
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
  for (let tries = 0; tries < TRIES; tries++) {
    if (binding.lock(directory) !== 'EAGAIN') return;
    throwIfAborted(signal);
    await delay(PAUSE_MS);
  }
}
