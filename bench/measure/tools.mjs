import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { abilities } from './abilities.mjs';

const BENCH = path.dirname(import.meta.dirname);
const ROOT = path.dirname(BENCH);
/** The version that the figures in this repository are of. */
const USOCKET = 'usocket@1.1.0';
const NODE_PREFIX = path.dirname(path.dirname(process.execPath));
const NODE_HEADERS = path.join(NODE_PREFIX, 'include/node');
const INSTALL_MS = 180_000;
const COMPILE_MS = 60_000;

/**
 * A program that is there, or why it is not.
 * @typedef {{ readonly path: string, readonly version: string } | { readonly missing: string }} Tool
 */

/**
 * What measuring needs, made anew in a directory of its own.
 * @typedef {object} Tools
 * @property {string} directory
 * @property {string} pair pair.c, which starts the two ends
 * @property {string} crowd crowd.c
 * @property {Tool} crowdServer crowd-server.c
 * @property {Tool} c ends.c
 * @property {Tool} go
 * @property {Tool} python
 * @property {Tool} usocket the folder of the package
 * @property {Tool} bare bare.c, as an addon
 * @property {readonly string[]} files what is sent as the usual descriptor, and as the last one
 * @property {ReadonlySet<string>} abilities of this version of ancillary
 * @property {string | undefined} profiles where ancillary's ends leave their CPU profiles
 */

/**
 * @param {{ offline: boolean, profiles: string | undefined }} options offline: install nothing
 * @returns {Promise<Tools>}
 */
export async function makeTools({ offline, profiles }) {
  must('taskset', ['--version']);
  const compiler = must('cc', ['--version']);
  const directory = mkdtempSync(path.join(tmpdir(), 'ancillary-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const files = ['first', 'last'].map((name) => path.join(directory, name));
  for (const file of files) writeFileSync(file, '');
  return {
    directory,
    pair: compile('pair', directory),
    crowd: compile('crowd', directory),
    crowdServer: { path: compile('crowd-server', directory), version: compiler },
    c: { path: compile('ends', directory), version: compiler },
    go: go(directory),
    python: python(),
    usocket: offline ? { missing: 'not installed, since offline' } : usocket(directory),
    bare: bare(directory, compiler),
    files,
    abilities: await abilities(),
    profiles,
  };
}

/** @param {string} name @param {string} directory */
function compile(name, directory) {
  const program = path.join(directory, name);
  must('cc', ['-O2', '-D_GNU_SOURCE', '-o', program, end(`${name}.c`)]);
  return program;
}

/** @returns {Tool} */
function go(/** @type {string} */ directory) {
  const version = run('go', ['version']);
  if (version.failure !== undefined) return { missing: 'go is not installed' };
  const program = path.join(directory, 'ends-go');
  const built = run('go', ['build', '-o', program, end('ends.go')]);
  return built.failure === undefined ? { path: program, version: version.output } : { missing: built.failure };
}

/** @returns {Tool} */
function python() {
  // The very interpreter, since what stands in the PATH may be a script that looks for it first.
  const found = run('python3', ['-c', 'import sys; print(sys.executable); print(sys.version.split()[0])']);
  const [executable, version] = found.output.split('\n');
  if (found.failure !== undefined || executable === undefined) return { missing: 'python3 is not installed' };
  return { path: executable, version: `Python ${version}` };
}

/** From the registry, into a folder of its own: it is not a dependency of this package. @returns {Tool} */
function usocket(/** @type {string} */ directory) {
  const folder = path.join(directory, 'usocket');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'package.json'), '{}');
  // Its install script is run by hand, with the node-gyp that this package uses itself.
  const installed = run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', USOCKET], folder, INSTALL_MS);
  if (installed.failure !== undefined) return { missing: `${USOCKET} could not be installed: ${installed.failure}` };
  const at = path.join(folder, 'node_modules', 'usocket');
  // Node's own headers, where they are installed beside it, save downloading them.
  const options = existsSync(path.join(NODE_HEADERS, 'node_api.h')) ? [`--nodedir=${NODE_PREFIX}`] : [];
  const built = run(path.join(ROOT, 'node_modules/.bin/node-gyp'), ['rebuild', ...options], at, INSTALL_MS);
  if (built.failure !== undefined) return { missing: `${USOCKET} could not be built: ${built.failure}` };
  return { path: at, version: USOCKET };
}

/** @param {string} directory @param {string} compiler its version @returns {Tool} */
function bare(directory, compiler) {
  const missing = ['node_api.h', 'uv.h'].find((header) => !existsSync(path.join(NODE_HEADERS, header)));
  if (missing !== undefined) return { missing: `${missing} is not in ${NODE_HEADERS}` };
  const addon = path.join(directory, 'bare.node');
  must('cc', ['-O2', '-shared', '-fPIC', `-I${NODE_HEADERS}`, '-o', addon, end('bare.c')]);
  return { path: addon, version: compiler };
}

/** A file under ends/. @param {...string} names */
export function end(...names) {
  return path.join(BENCH, 'ends', ...names);
}

/** @param {string} command @param {readonly string[]} args */
function must(command, args) {
  const { output, failure } = run(command, args);
  if (failure !== undefined) throw new Error(`The benchmarks need ${command}: ${failure}`);
  return output.split('\n', 1)[0] ?? '';
}

/** @param {string} command @param {readonly string[]} args @param {string} [cwd] @param {number} [timeout] milliseconds */
function run(command, args, cwd, timeout = COMPILE_MS) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, timeout, encoding: 'utf8' });
  const failure = error?.message ?? (status === 0 ? undefined : errorLines(stderr) || `it ended with ${status}`);
  return { output: (stdout ?? '').trim(), failure };
}

/** What a tool says is wrong, among all that it says. @param {string} text */
function errorLines(text) {
  const lines = text.trim().split('\n');
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
}
