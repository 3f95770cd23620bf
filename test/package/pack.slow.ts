import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { built } from '../support/built';
import { start } from '../support/children';
import { manifestOf, markOf, npm, root } from './npm';
import { addFrameworks, documentedPrograms, toCommonJs } from './readme-programs';

// The package as users get it: packed, installed in an empty directory where nothing can be compiled, imported by name.

const programs = documentedPrograms(root);
let directory: string;
/** What the tarball has, and what there was right after the installation. */
let packed: string[];
let unpacked: string[];
/** What the addon should be loaded from. */
let binary: string;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'ancillary-pack-'));
  // As it was compiled, which has to be of these sources: to compile anew would take dist/ away from tests that run beside these.
  built();
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', directory];
  const { stdout } = await npm(args, { cwd: root }).succeeded();
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  packed = files.map((file) => file.path).sort();

  writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ name: 'user', private: true }));
  await npm(['install', '--no-audit', '--no-fund', '--foreground-scripts', `./${filename}`], {
    cwd: directory,
    env: { PATH: pathWithoutCompiler() },
  }).succeeded();
  unpacked = filesIn(installed('')).sort();
  binary = await binaryThere();
  addFrameworks(root, directory);
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** A folder with nothing but node and sh. */
function pathWithoutCompiler(): string {
  const folder = path.join(directory, 'bin');
  mkdirSync(folder);
  symlinkSync(process.execPath, path.join(folder, 'node'));
  symlinkSync('/bin/sh', path.join(folder, 'sh'));
  return folder;
}

/**
 * What came with the package, if `npm run prebuild` made it of these sources. On a fresh clone nothing did: then the
 * checkout's own build goes where a user's would, so that the tests need no compiler of 500 MB.
 */
async function binaryThere(): Promise<string> {
  const folder = `native/prebuilds/${process.platform}-${process.arch}`;
  const mark = await markOf(root);
  const fresh = unpacked.filter(
    (file) => file.startsWith(`${folder}/`) && readFileSync(installed(file)).includes(mark),
  );
  if (fresh.length > 0) return folder;
  const release = 'native/build/Release';
  cpSync(path.join(root, 'build/Release/ancillary.node'), installed(`${release}/ancillary.node`));
  return release;
}

function installed(file: string): string {
  return path.join(directory, 'node_modules/ancillary', file);
}

/** Below a folder, by their paths in it. */
function filesIn(folder: string): string[] {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return all.filter((file) => !statSync(path.join(folder, file)).isDirectory());
}

async function output(
  command: string,
  args: string[],
  options: { cwd: string; env?: Record<string, string> },
): Promise<string> {
  const { stdout } = await start(command, args, options).succeeded();
  return stdout;
}

describe('the installation', () => {
  test('unpacks the tarball and makes nothing beside it', () => {
    expect(unpacked).toEqual(packed);
    expect(existsSync(installed('build'))).toBe(false);
  });

  test('has nothing to run: no script, and no binding.gyp that npm would compile without one', () => {
    expect(existsSync(installed('binding.gyp'))).toBe(false);
    const { gypfile, scripts = {} } = manifestOf(installed(''));
    expect(gypfile).toBe(false);
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
    const lock = JSON.parse(readFileSync(path.join(directory, 'node_modules/.package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    expect(Object.keys(lock.packages)).toContain('node_modules/ancillary');
    expect(Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
  });

  test('leaves an addon that is loaded from where it came', async () => {
    const file = path.join(directory, 'loaded.cjs');
    writeFileSync(
      file,
      `require('ancillary');
       const maps = require('node:fs').readFileSync('/proc/self/maps', 'utf8');
       console.log(JSON.stringify([...new Set(maps.match(/\\/\\S*\\.node$/gm))]));`,
    );
    const loaded = JSON.parse(await run(file)) as string[];
    expect(loaded.map((each) => path.dirname(each))).toEqual([installed(binary)]);
  });
});

describe('the tarball', () => {
  test('has what is needed', () => {
    const needed = [
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'package.json',
      'native/binding.gyp',
      'native/ancillary.gypi',
      'native/addon.cc',
      'examples/README.md',
      'docs/kernel.md',
      'docs/reading.md',
      'docs/speed.svg',
      'dist/ancillary/index.d.mts',
    ];
    expect(packed).toEqual(expect.arrayContaining(needed));
  });

  test('has nothing that is not listed in scripts/package-contents.json', () => {
    const listed = JSON.parse(readFileSync(path.join(root, 'scripts/package-contents.json'), 'utf8')) as string[];
    expect(packed.filter((file) => !listed.some((pattern) => new RegExp(pattern).test(file)))).toEqual([]);
  });
});

test.each([
  'ancillary',
  'ancillary/codec',
  'ancillary/dbus',
  'ancillary/rpc',
  'ancillary/rpc/vscode-jsonrpc',
  'ancillary/rpc/birpc',
  'ancillary/rpc/comlink',
  'ancillary/rpc/capnweb',
  'ancillary/proxy',
  'ancillary/dbus-native',
  'ancillary/x11',
  'ancillary/usocket',
  'ancillary/http',
  'ancillary/testing',
  'ancillary/model',
])('import and require of %s give the very same exports', async (name) => {
  const file = path.join(directory, 'same.mjs');
  writeFileSync(
    file,
    `import { createRequire } from 'node:module';
       import * as imported from '${name}';
       const required = createRequire(import.meta.url)('${name}');
       const names = Object.keys(required).filter((name) => name !== '__esModule').sort();
       console.log(JSON.stringify({
         imported: Object.keys(imported),
         required: names,
         different: names.filter((name) => imported[name] !== required[name]),
       }));`,
  );
  const result = JSON.parse(await run(file)) as { imported: string[]; required: string[]; different: string[] };
  expect(result.imported).toEqual(result.required);
  expect(result.imported).not.toEqual([]);
  expect(result.different).toEqual([]);
});

describe.each([
  [
    'CommonJS',
    'dist/binding-model/kernel/index.js',
    /\/dist\/(binding-model\/kernel\/index|shared\/binding-model)\.js$/,
    2,
  ],
  [
    'ES modules, as for a browser',
    'dist/binding-model/browser/kernel/index.mjs',
    /\/dist\/binding-model\/browser\//,
    20,
  ],
])('ancillary/model as %s', (_form, entry, own, least) => {
  const program = `({ KernelModel, KernelError, drawTimeline }) => {
    const events = [];
    const model = new KernelModel({ trace: (event) => events.push(event) });
    const [left, right] = [model.process(), model.process()];
    const [a, b] = left.socketpair('stream', right);
    left.sendmsg(a, { bytes: new Uint8Array([1, 2, 3]), fds: [[left.open('file')]] });
    const { bytes, fds } = right.recvmsg(b, { size: 10, controlLength: 24 });
    let code;
    try {
      right.recvmsg(b, { size: 10, controlLength: 24 });
    } catch (error) {
      code = error instanceof KernelError && error.code;
    }
    return [[...bytes], fds.map((fd) => right.identity(fd)), code, drawTimeline(events).slice(0, 4)];
  }`;

  test('runs where there is nothing but ECMAScript, and imports nothing but itself', async () => {
    const runner = path.join(__dirname, 'bare-context.js');
    const args = ['--experimental-vm-modules', '--no-warnings', runner, installed(entry), program];
    const report = JSON.parse(await output(process.execPath, args, { cwd: directory })) as {
      result: unknown;
      globals: string[];
      loaded: string[];
    };
    expect(report.result).toEqual([[1, 2, 3], ['file'], 'EAGAIN', '<svg']);
    expect(report.globals).toEqual([]);
    expect(report.loaded.length).toBeGreaterThanOrEqual(least);
    expect(report.loaded.filter((file) => !own.test(file))).toEqual([]);
  });
});

test('import of ancillary/model is a module of its own only under the condition of browsers', async () => {
  const file = path.join(directory, 'conditions.mjs');
  writeFileSync(
    file,
    `import { createRequire } from 'node:module';
     import { KernelModel } from 'ancillary/model';
     const required = createRequire(import.meta.url)('ancillary/model');
     console.log(new KernelModel().process().socketpair('stream').length, KernelModel === required.KernelModel);`,
  );
  const run = (...flags: string[]) => output(process.execPath, [...flags, file], { cwd: directory });
  expect(await run()).toBe('2 true\n');
  expect(await run('--conditions', 'browser')).toBe('2 false\n');
});

test('the examples run from where they are installed', async () => {
  expect(await run(installed('examples/sealed-memory.mjs'))).toContain('not sealed: refused');
});

describe.each(programs)('the program "$name" of README.md and docs/', ({ name, source }) => {
  test('runs as an ES module', async () => {
    const file = path.join(directory, `${name}.mjs`);
    writeFileSync(file, source);
    await run(file);
  });

  test('runs as CommonJS', async () => {
    const file = path.join(directory, `${name}.cjs`);
    writeFileSync(file, toCommonJs(source));
    await run(file);
  });

  test('has types in both', async () => {
    const project = path.join(directory, 'types', name);
    mkdirSync(project, { recursive: true });
    writeFileSync(path.join(project, 'program.mjs'), source);
    writeFileSync(path.join(project, 'program.cjs'), toCommonJs(source));
    writeFileSync(
      path.join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'ES2022',
          lib: ['ES2022', 'ESNext.Disposable'],
          module: 'Node16',
          strict: true,
          allowJs: true,
          checkJs: true,
          noEmit: true,
          types: ['node'],
          typeRoots: [path.join(root, 'node_modules/@types')],
        },
        files: ['program.mjs', 'program.cjs'],
      }),
    );
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    await output(process.execPath, [tsc, '-p', project], { cwd: project });
  });
});

/** Runs a program to its end, which it must reach by itself, soon, and without a warning. */
async function run(file: string): Promise<string> {
  const { stdout, stderr } = await start(process.execPath, [file], { cwd: directory }).succeeded();
  expect(stderr).toBe('');
  return stdout;
}
