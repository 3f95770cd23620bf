import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const CACHE = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'ancillary-runtimes');

/** The node_modules that has these packages of the npm registry, installed once without their scripts. */
export function installed(...specs: readonly string[]): string {
  const home = path.join(CACHE, specs.join('+').replaceAll('/', '-'));
  if (!existsSync(home)) {
    // Under another name until it is complete.
    const partial = `${home}.${process.pid}`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    writeFileSync(path.join(partial, 'package.json'), '{ "private": true }');
    // --force: for another processor or libc than this machine's.
    const flags = ['--force', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', partial];
    execFileSync('npm', ['install', ...flags, ...specs], { cwd: partial, stdio: ['ignore', 'ignore', 'inherit'] });
    renameSync(partial, home);
  }
  return path.join(home, 'node_modules');
}
