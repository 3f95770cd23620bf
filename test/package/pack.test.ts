import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { start } from '../support/children';
import { programsIn, toCommonJs } from './readme-programs';

// The package as users get it: packed, installed in an empty directory (which compiles the addon), imported by name.

const root = path.resolve(__dirname, '../..');
const programs = programsIn(readFileSync(path.join(root, 'README.md'), 'utf8'));
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'ancillary-pack-'));
  await npm(root, ['run', 'build']);
  const packed = await npm(root, ['pack', '--ignore-scripts', '--json', '--pack-destination', directory]);
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ name: 'user', private: true }));
  await npm(directory, ['install', '--no-audit', '--no-fund', '--foreground-scripts', `./${filename}`]);
}, 240_000);

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function npm(cwd: string, args: string[]): Promise<string> {
  // Node's headers, where they are installed beside it, need no download.
  const prefix = path.dirname(path.dirname(process.execPath));
  const headers = existsSync(path.join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
  const env = { ...headers, npm_config_build_from_source: 'true' };
  return output('npm', args, { cwd, env, timeout: 120_000 });
}

async function output(
  command: string,
  args: string[],
  options: { cwd: string; env?: Record<string, string>; timeout: number },
): Promise<string> {
  const { stdout } = await start(command, args, options).succeeded();
  return stdout;
}

function installed(file: string): string {
  return path.join(directory, 'node_modules/ancillary', file);
}

test('the addon is compiled at the installation', () => {
  expect(existsSync(installed('build/Release'))).toBe(true);
});

test('what the package needs is in it, and nothing of the repository beside it', () => {
  for (const file of [
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'binding.gyp',
    'native',
    'examples',
    'dist/ancillary/index.d.mts',
  ]) {
    expect({ file, there: existsSync(installed(file)) }).toEqual({ file, there: true });
  }
  for (const file of ['packages', 'test', 'bench', 'dist/ancillary/.tsbuildinfo', 'tsconfig.json']) {
    expect({ file, there: existsSync(installed(file)) }).toEqual({ file, there: false });
  }
});

test.each(['ancillary', 'ancillary/codec', 'ancillary/rpc', 'ancillary/testing', 'ancillary/model'])(
  'import and require of %s give the very same exports',
  async (name) => {
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
  },
);

describe.each([
  ['CommonJS', 'dist/binding-model/kernel/index.js'],
  ['ES modules, as for a browser', 'dist/binding-model/browser/kernel/index.mjs'],
])('ancillary/model as %s', (_form, entry) => {
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
    const report = JSON.parse(await output(process.execPath, args, { cwd: directory, timeout: 10_000 })) as {
      result: unknown;
      globals: string[];
      loaded: string[];
    };
    expect(report.result).toEqual([[1, 2, 3], ['file'], 'EAGAIN', '<svg']);
    expect(report.globals).toEqual([]);
    const folder = path.dirname(path.dirname(installed(entry)));
    expect(report.loaded.length).toBeGreaterThan(10);
    expect(report.loaded.filter((file) => !file.startsWith(path.join(folder, '/')))).toEqual([]);
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
  const run = (...flags: string[]) => output(process.execPath, [...flags, file], { cwd: directory, timeout: 10_000 });
  expect(await run()).toBe('2 true\n');
  expect(await run('--conditions', 'browser')).toBe('2 false\n');
});

test('the examples run from where they are installed', async () => {
  expect(await run(installed('examples/sealed-memory.mjs'))).toContain('not sealed: refused');
});

test('README.md has the programs', () => {
  expect(programs.length).toBeGreaterThanOrEqual(3);
});

describe.each(programs)('the program "$name" of README.md', ({ name, source }) => {
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
    await output(process.execPath, [tsc, '-p', project], { cwd: project, timeout: 25_000 });
  });
});

/** Runs a program to its end, which it must reach by itself, soon, and without a warning. */
async function run(file: string): Promise<string> {
  const { stdout, stderr } = await start(process.execPath, [file], { cwd: directory, timeout: 10_000 }).succeeded();
  expect(stderr).toBe('');
  return stdout;
}
