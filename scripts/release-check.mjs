/**
 * npm run release:check: everything before `npm publish`, in order: the four binaries, the package, what publint and attw
 * say of it, its size and contents, and the smoke tests from its tarball. Ends with the tarball's name.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { checkTypes } from './check-types.mjs';
import { pack } from './pack.mjs';
import { root, targets } from './prebuild/targets.mjs';

/** A package that grows is noticed here. */
const MOST_BYTES = 1_000_000;

/** What belongs in the package. @type {readonly RegExp[]} */
const EXPECTED = JSON.parse(readFileSync(path.join(root, 'scripts/package-contents.json'), 'utf8')).map(
  (/** @type {string} */ pattern) => new RegExp(pattern),
);

const run = (/** @type {string[]} */ ...args) =>
  execFileSync('npm', ['run', '--silent', ...args], { stdio: 'inherit' });

run('prebuild');
const directory = path.join(root, 'build');
mkdirSync(directory, { recursive: true });
// With its scripts: it compiles what is missing, and refuses without the binaries.
const { file, size, files } = pack(directory);
checkTypes(file);

const binaries = targets.map((target) => path.relative(root, target.file));
const strange = files.filter(({ path: name }) => !EXPECTED.some((each) => each.test(name)));
const missing = binaries.filter((name) => !files.some((each) => each.path === name));
if (strange.length > 0)
  throw new Error(`does not belong in the package: ${strange.map((each) => each.path).join(', ')}`);
if (missing.length > 0) throw new Error(`missing from the package: ${missing.join(', ')}`);
if (size > MOST_BYTES) throw new Error(`the package has ${size} bytes, more than ${MOST_BYTES}`);
console.log(`${files.length} files, ${size} bytes, with ${binaries.length} binaries`);

run('test:runtimes', '--', 'smoke:', 'install:');
console.log(`\nReady: ${path.relative(root, file)}. To publish it, where the registry trusts this repository:`);
console.log(`  npm publish --provenance ${path.relative(root, file)}`);
