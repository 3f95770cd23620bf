import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ChildResult, node, start } from '../support/children';
import { manifestOf, markOf, npm, root } from './npm';

// A copy of what a release is made of; no compiler is needed.

const TARGETS = ['linux-x64', 'linux-arm64', 'linux-x64-musl', 'linux-arm64-musl'];
const FILES = ['linux-x64', 'linux-arm64'].flatMap((folder) =>
  ['glibc', 'musl'].map((libc) => `native/prebuilds/${folder}/ancillary.${libc}.node`),
);
let copy: string;

beforeEach(() => {
  copy = mkdtempSync(path.join(tmpdir(), 'ancillary-prebuild-'));
  for (const name of ['package.json', 'package-lock.json', 'scripts/prebuild']) {
    cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
  }
  mkdirSync(path.join(copy, 'native'));
  for (const name of readdirSync(path.join(root, 'native'))) {
    if (/\.(cc|h|gyp|gypi)$/.test(name)) cpSync(path.join(root, 'native', name), path.join(copy, 'native', name));
  }
});

afterEach(() => {
  rmSync(copy, { recursive: true, force: true });
});

function script(name: string, ...args: string[]): Promise<ChildResult> {
  const env = { XDG_CACHE_HOME: path.join(copy, 'cache') };
  return start(process.execPath, [path.join(copy, 'scripts/prebuild', name), ...args], { cwd: copy, env }).finished;
}

function put(files: readonly string[], content: string): void {
  for (const file of files) {
    mkdirSync(path.join(copy, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(copy, file), content);
  }
}

/** The lines that name a target. */
function told(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('  '))
    .map((line) => line.trim());
}

test('without binaries the check names each that is missing, and the command that makes them', async () => {
  const { code, stderr } = await script('check.mjs');
  expect(code).toBe(1);
  expect(told(stderr).map((line) => line.split(':')[0])).toEqual(TARGETS);
  for (const file of FILES) expect(stderr).toContain(`${file} is missing`);
  expect(stderr).toContain('npm run prebuild');
  expect(manifestOf(root).scripts).toMatchObject({ prebuild: 'node scripts/prebuild/main.mjs' });
});

test('binaries of other sources do not pass, those of these sources do, until the sources change', async () => {
  put(FILES, 'ancillary built from something else');
  const other = await script('check.mjs');
  expect(other.code).toBe(1);
  expect(told(other.stderr)).toHaveLength(TARGETS.length);
  for (const file of FILES) expect(other.stderr).toContain(`${file} was built from other sources`);

  const mark = await markOf(copy);
  put(FILES, `\0ELF…\0${mark}\0…`);
  expect(await script('check.mjs')).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });

  for (const file of ['native/fd_ops.cc', 'native/poller.h', 'native/ancillary.gypi', 'scripts/prebuild/main.mjs']) {
    appendFileSync(path.join(copy, file), `${file.endsWith('.gypi') ? '#' : '//'} changed\n`);
    const stale = await script('check.mjs');
    expect({ file, code: stale.code }).toEqual({ file, code: 1 });
    expect(stale.stderr).toContain('was built from other sources');
    put(FILES, await markOf(copy));
  }
});

test('one that is missing is enough to refuse', async () => {
  const [missing = '', ...others] = FILES;
  put(others, await markOf(copy));
  const { code, stderr } = await script('check.mjs');
  expect(code).toBe(1);
  expect(told(stderr)).toEqual([`linux-x64: ${missing} is missing`]);
});

test('with --present those that are missing do not matter, and those of other sources do', async () => {
  expect(await script('check.mjs', '--present')).toMatchObject({ code: 0, stderr: '' });
  put(FILES.slice(0, 1), 'ancillary built from something else');
  const { code, stderr } = await script('check.mjs', '--present');
  expect(code).toBe(1);
  expect(told(stderr)).toHaveLength(1);
  expect(stderr).toContain(`${FILES[0]} was built from other sources`);
});

test('npm pack makes nothing where the check fails', async () => {
  const { code, stderr } = await npm(['pack'], { cwd: copy }).finished;
  expect(code).not.toBe(0);
  for (const file of FILES) expect(stderr).toContain(`${file} is missing`);
  expect(readdirSync(copy).filter((name) => name.endsWith('.tgz'))).toEqual([]);
});

test('a target that is unknown is refused before anything is downloaded', async () => {
  const { code, stderr } = await script('main.mjs', 'linux-x64', 'linux-mips');
  expect(code).toBe(2);
  expect(stderr).toBe(`Unknown: linux-mips. The targets are ${TARGETS.join(', ')}.\n`);
  expect(existsSync(path.join(copy, 'cache'))).toBe(false);
  expect(existsSync(path.join(copy, 'native/prebuilds'))).toBe(false);
});

test('what is compiled is every source there is, with no flag that only gyp understands', async () => {
  const program = `import(process.argv[1]).then(({ settings }) => console.log(JSON.stringify(settings())))`;
  const { stdout } = await node(program, { args: [path.join(copy, 'scripts/prebuild/sources.mjs')] }).succeeded();
  const { sources, flags } = JSON.parse(stdout) as { sources: string[]; flags: string[] };
  expect([...sources].sort()).toEqual(
    readdirSync(path.join(root, 'native'))
      .filter((name) => name.endsWith('.cc'))
      .sort(),
  );
  expect(flags).toContain('-DNAPI_VERSION=9');
  expect(flags.filter((flag) => /[<>"'\s]/.test(flag))).toEqual([]);
});
