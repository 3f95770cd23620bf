import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const CACHE = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'ancillary-runtimes');

/** The node_modules that has these packages of the npm registry, installed once without their scripts. */
export function installed(...specs: readonly string[]): string {
  return installedOnce(specs.join('+').replaceAll('/', '-'), specs, () => ({ private: true }));
}

/**
 * The node_modules of a project, under this name in the cache.
 * @param prepare puts into its folder what it needs besides, and returns its package.json
 */
export function installedOnce(name: string, specs: readonly string[], prepare: (folder: string) => object): string {
  const home = path.join(CACHE, name);
  if (!existsSync(home)) {
    // Under another name until it is complete.
    const partial = `${home}.${process.pid}`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    writeFileSync(path.join(partial, 'package.json'), JSON.stringify(prepare(partial)));
    // --force: for another processor or libc than this machine's.
    const flags = ['--force', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', partial];
    execFileSync('npm', ['install', ...flags, ...specs], { cwd: partial, stdio: ['ignore', 'ignore', 'inherit'] });
    renameSync(partial, home);
  }
  return path.join(home, 'node_modules');
}
