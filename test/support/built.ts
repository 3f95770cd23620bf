import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

/**
 * The path of a built package, for a child process to require. A test of an old build would prove nothing, so this
 * throws unless the build is as new as the sources.
 */
export function built(name: 'ancillary' | 'codec' | 'rpc' = 'ancillary'): string {
  for (const folder of readdirSync(path.join(ROOT, 'packages'))) {
    const sources = readdirSync(path.join(ROOT, 'packages', folder), { encoding: 'utf8', recursive: true }).filter(
      (file) => file.endsWith('.ts'),
    );
    const newest = Math.max(0, ...sources.map((file) => changed('packages', folder, file)));
    if (changed('dist', folder, '.tsbuildinfo') < newest) {
      throw new Error(`dist/${folder} is older than packages/${folder}: npm run compile`);
    }
  }
  return path.join(ROOT, 'dist', name);
}

function changed(...file: readonly string[]): number {
  return statSync(path.join(ROOT, ...file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
