import { readFileSync } from 'node:fs';
import path from 'node:path';

export const SHIM_FLAGS = ['-shared', '-fPIC', '-Wextra'] as const;

/** C source of what comes before libc. */
export function shimSource(): string {
  return readFileSync(path.join(__dirname, 'shim.c'), 'utf8');
}
