import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { root } from './prebuild/targets.mjs';

/**
 * Runs publint and attw over a tarball, with their output shown.
 * @param {string} tarball
 * @throws when one of them finds fault
 */
export function checkTypes(tarball) {
  const run = (/** @type {string[]} */ [name = '', ...args]) =>
    execFileSync(path.join(root, 'node_modules/.bin', name), args, { cwd: root, stdio: 'inherit' });
  run(['publint', tarball, '--strict']);
  run(['attw', tarball, '--profile', 'node16']);
}
