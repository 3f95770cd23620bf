/** npm run prebuild [-- TARGET …]: compiles native/ for each target, or for those named, into native/prebuilds/. */
import { execFile } from 'node:child_process';
import { mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { digest, mark, settings } from './sources.mjs';
import { root, targets } from './targets.mjs';
import { install } from './toolchain.mjs';

const run = promisify(execFile);
const names = process.argv.slice(2);
const unknown = names.filter((name) => !targets.some((target) => target.name === name));
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(', ')}. The targets are ${targets.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const { zig, headers, cache } = install();
const built = digest();
for (const target of targets) {
  if (names.length === 0 || names.includes(target.name)) await build(target);
}

/** @param {import('./targets.mjs').Target} target */
async function build({ name, zig: triple, file }) {
  const { sources, flags } = settings();
  mkdirSync(path.dirname(file), { recursive: true });
  const partial = `${file}.partial`;
  const args = ['c++', '-target', triple, '-shared', '-fPIC', '-pthread', '-flto', '-s', ...flags];
  args.push(`-DANCILLARY_BUILT_FROM="${mark(built)}"`, '-DNODE_GYP_MODULE_NAME=ancillary', '-DBUILDING_NODE_EXTENSION');
  // As system headers, whose warnings are not ours to mend; and no path of this machine in what __FILE__ gives.
  args.push('-isystem', path.join(root, 'node_modules/node-addon-api'), '-isystem', headers);
  args.push(`-ffile-prefix-map=${root}=.`, '-Wall', '-Wextra', '-Werror', '-Wno-unused-command-line-argument');
  args.push(...sources.map((source) => path.join('native', source)), 'scripts/prebuild/no-demangler.cc', '-o', partial);
  const env = {
    ...process.env,
    ZIG_GLOBAL_CACHE_DIR: path.join(cache, 'zig'),
    ZIG_LOCAL_CACHE_DIR: path.join(cache, 'zig'),
  };
  await run(zig, args, { cwd: root, env, maxBuffer: 16 << 20 });
  renameSync(partial, file);
  console.log(`${name}: ${path.relative(root, file)}, ${Math.round(statSync(file).size / 1024)} KB`);
}
