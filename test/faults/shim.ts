import { readFileSync } from 'node:fs';
import path from 'node:path';

/** C source of what comes before libc. */
export function shimSource(): string {
  return readFileSync(path.join(__dirname, 'shim.c'), 'utf8');
}
