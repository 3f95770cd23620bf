import { readFileSync } from 'node:fs';

/** Where the system does not say. */
const USUAL = 1024;
/** CAP_SYS_ADMIN and CAP_SYS_RESOURCE: either exempts from the limit of descriptors in flight (docs/kernel.md 20). */
const EXEMPTING = (1n << 21n) | (1n << 24n);

/** How many descriptors this process may have open (the soft limit RLIMIT_NOFILE). */
export function openLimit(): number {
  const limit = /^Max open files\s+(\w+)/m.exec(read('/proc/self/limits'))?.[1];
  if (limit === undefined) return USUAL;
  return limit === 'unlimited' ? Infinity : Number(limit);
}

/** Whether the kernel counts how many descriptors this process has in flight. */
export function isCountedInFlight(): boolean {
  // In a user namespace of its own it has capabilities over that alone.
  if (!/^\s*0\s+0\s+4294967295\s*$/.test(read('/proc/self/uid_map'))) return true;
  const capabilities = /^CapEff:\s+([0-9a-f]+)$/m.exec(read('/proc/thread-self/status'))?.[1];
  return capabilities === undefined || (BigInt(`0x${capabilities}`) & EXEMPTING) === 0n;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
