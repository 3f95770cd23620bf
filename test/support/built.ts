import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

/**
 * The path of a built package, for a child process to require. A test of an old build would prove nothing, so this
 * throws unless the build is as new as the sources.
 */
export function built(name: 'ancillary' | 'codec' | 'rpc' = 'ancillary'): string {
  const sources = readdirSync(path.join(ROOT, 'packages'), { encoding: 'utf8', recursive: true }).filter((file) =>
    file.endsWith('.ts'),
  );
  const newest = Math.max(0, ...sources.map((file) => changed('packages', file)));
  // Made last, and anew each time.
  if (changed('dist/ancillary/index.mjs') < newest) throw new Error('dist/ is older than packages/: npm run compile');
  return path.join(ROOT, 'dist', name);
}

function changed(...file: readonly string[]): number {
  return statSync(path.join(ROOT, ...file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
