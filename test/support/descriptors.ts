import { fstatSync, readdirSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { resolve } from 'node-gyp-build';

/** Open descriptors of a process: number -> what /proc says it is (`socket:[123]`, `/dev/null` …). */
export type Descriptors = ReadonlyMap<number, string>;

// Both count waits, and not time: on a machine that is busy, those who close get their turn late, and so does the test.
const NAPS_IN_VAIN = 60_000;
const MOST_WAITS = 200;
const TURNS = 100;
const WAIT_MS = 10;

/** The addon that the tests use. What it was told to close, threads of its may still be about to close. */
const addon = createRequire(__filename)(resolve(path.join(__dirname, '../..'))) as {
  settleClosing(naps: number): boolean;
};

/** Waits until the addon has closed what it was told to. */
export function settleClosing(): void {
  if (!addon.settleClosing(NAPS_IN_VAIN)) throw new Error('some descriptors are not closed, and none are any more');
}

/** Of this process, or of a child. */
export function openDescriptors(pid: number | 'self' = 'self'): Descriptors {
  if (pid === 'self') settleClosing();
  const directory = `/proc/${pid}/fd`;
  const open = new Map<number, string>();
  for (const name of readdirSync(directory)) {
    try {
      open.set(Number(name), readlinkSync(`${directory}/${name}`));
    } catch (error) {
      // The descriptor that read the directory is in the listing and closed by now.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return open;
}

/** The file behind a descriptor. A received copy has another number and the same identity. */
export function identity(fd: number): string {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return `${dev}:${ino}`;
}

/** One readable line for each descriptor that differs; empty when the two are equal. */
export function differences(before: Descriptors, after: Descriptors): string[] {
  const numbers = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b);
  return numbers.flatMap((fd) => {
    const was = before.get(fd);
    const is = after.get(fd);
    if (was === is) return [];
    if (was === undefined) return [`+ ${fd} -> ${is}   left open`];
    if (is === undefined) return [`- ${fd} -> ${was}   closed, and was open before`];
    return [`~ ${fd} -> ${is}   was ${was}`];
  });
}

/**
 * Lets the event loop turn until the open descriptors are those of `before`, and returns the differences that remain.
 * Closing takes turns (close callbacks), and other processes (the pipes of a child that has just ended), so there is a bound.
 */
export async function differencesAfterSettling(before: Descriptors, { waits = MOST_WAITS } = {}): Promise<string[]> {
  for (let waited = 0; ; waited++) {
    const remaining = differences(before, openDescriptors());
    if (remaining.length === 0 || waited === TURNS + waits) return remaining;
    if (waited < TURNS) await nextTurn();
    else await delay(WAIT_MS);
  }
}

/** Throws, with the differences as text, unless the open descriptors become those of `before`. */
export async function expectDescriptors(before: Descriptors, where: string, limits?: { waits?: number }) {
  const remaining = await differencesAfterSettling(before, limits);
  if (remaining.length === 0) return;
  const error = new Error(`The open descriptors changed during ${where}:\n${remaining.join('\n')}`);
  error.stack = error.message; // Where the check runs says nothing about where the descriptor was opened.
  throw error;
}
