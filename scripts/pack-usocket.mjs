/**
 * node scripts/pack-usocket.mjs [DIRECTORY]: packs ancillary-usocket, the package that takes the place of usocket, and prints where
 * the tarball is. It has the version of `ancillary`, and needs no other.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);

/** @param {string} directory where the tarball goes */
export function packUsocket(directory) {
  const source = path.join(root, 'ancillary-usocket');
  const { version } = manifestOf(root);
  const { version: own, dependencies } = manifestOf(source);
  if (own !== version || dependencies?.['ancillary'] !== `^${version}`)
    throw new Error(
      `ancillary-usocket/package.json must have the version ${version}, and depend on ancillary ^${version}`,
    );
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory];
  const name = execFileSync('npm', args, {
    cwd: source,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
  return path.join(directory, name);
}

/**
 * @param {string} folder
 * @returns {{ version: string, dependencies?: Record<string, string> }}
 */
function manifestOf(folder) {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
}

if (process.argv[1] === import.meta.filename) console.log(packUsocket(path.resolve(process.argv[2] ?? '.')));
