import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installed } from './cache';
import { type Project, writeDocumentedPrograms } from './project';
import { run } from './run';
import { runtimes } from './runtimes';

/** A package manager: what installs a tarball in an empty folder. */
export const managers: Readonly<Record<string, () => readonly string[]>> = {
  'npm-10': () => [program('npm@10', 'npm/bin/npm-cli.js'), 'install', '--no-audit', '--no-fund'],
  'npm-11': () => [program('npm@11', 'npm/bin/npm-cli.js'), 'install', '--no-audit', '--no-fund'],
  'npm-12': () => [program('npm@12', 'npm/bin/npm-cli.js'), 'install', '--no-audit', '--no-fund'],
  'pnpm-10': () => [program('pnpm@10', 'pnpm/bin/pnpm.cjs'), 'add'],
  'yarn-4': () => [program('@yarnpkg/cli-dist@4', '@yarnpkg/cli-dist/bin/yarn.js'), 'add'],
};

export const managerNames = Object.keys(managers);

const NODES = ['node-20', 'node-22', 'node-24', 'node-26'];

/** Installs with nothing on PATH but node and sh, so that nothing can be compiled, and runs the programs of README and docs/. */
export async function installWith(name: string, { directory, tarball }: Project): Promise<string> {
  const manager = managers[name]?.() ?? [];
  const home = path.join(directory, name);
  const bin = path.join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  // npm 12 itself runs on Node 22 and later.
  const nodes = NODES.map((each) => runtimes[each]?.().command[0] ?? '');
  const [oldest = '', newer = ''] = nodes;
  symlinkSync(name === 'npm-12' ? newer : oldest, path.join(bin, 'node'));
  symlinkSync('/bin/sh', path.join(bin, 'sh'));
  writeFileSync(path.join(home, 'package.json'), '{ "name": "user", "private": true }');
  writeFileSync(path.join(home, 'yarn.lock'), '');
  const env = { PATH: bin, YARN_NODE_LINKER: 'node-modules', YARN_ENABLE_IMMUTABLE_INSTALLS: '0' };
  const { stdout, stderr } = await run([path.join(bin, 'node'), ...manager, tarball], { cwd: home, env });
  const output = stdout + stderr;
  if (/gyp info|gyp ERR|install script/i.test(output)) throw new Error(`${name} wanted to run a script: ${output}`);
  const there = path.join(home, 'node_modules/ancillary');
  for (const folder of ['build', 'native/build']) {
    if (existsSync(path.join(there, folder))) throw new Error(`${name} compiled something into ${folder}`);
  }
  const { scripts = {} } = JSON.parse(readFileSync(path.join(there, 'package.json'), 'utf8')) as {
    scripts?: Record<string, string>;
  };
  for (const script of ['preinstall', 'install', 'postinstall']) {
    if (script in scripts) throw new Error(`the package has the script ${script}`);
  }
  const programs = writeDocumentedPrograms(home);
  for (const node of nodes) {
    for (const { file } of programs) await run([node, file], { cwd: home });
  }
  return `nothing compiled, no script run; ${programs.length} programs of README and docs/ on ${NODES.join(', ')}`;
}

function program(spec: string, file: string): string {
  return path.join(installed(spec), file);
}
