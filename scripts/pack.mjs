import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { root } from './prebuild/targets.mjs';

// For other scripts and tests, which want to know what is in the package. By hand, run `npm run prebuild && npm pack`.

/**
 * @typedef {{ file: string, size: number, files: { path: string, size: number }[] }} Packed
 * @param {string} directory where the tarball goes
 * @param {readonly string[]} [flags] for npm pack, such as `--ignore-scripts`, without which all binaries must be there
 * @returns {Packed}
 */
export function pack(directory, flags = []) {
  const args = ['pack', '--json', '--silent', '--pack-destination', directory, ...flags];
  const output = execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  // Scripts that pack runs may print before it does.
  const [packed] = JSON.parse(output.slice(output.search(/^\[/m)));
  return { file: path.join(directory, packed.filename), size: packed.size, files: packed.files };
}
