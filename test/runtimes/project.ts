import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addFrameworks, documentedPrograms, toCommonJs } from '../package/readme-programs';
import { run } from './run';

export const ROOT = path.resolve(__dirname, '../..');

/** A project that has the package installed from its tarball, and programs to run. */
export interface Project extends Disposable {
  readonly directory: string;
  /** The tarball it was installed from. */
  readonly tarball: string;
  /** The programs of README and docs/, as ES modules and as CommonJS. */
  readonly programs: readonly ProgramFile[];
}

export interface ProgramFile {
  readonly file: string;
  readonly onNodeOnly: boolean;
  /** Starts its own runtime again, which the kernel cannot where that is emulated. */
  readonly spawns: boolean;
}

export async function makeProject(): Promise<Project> {
  const directory = mkdtempSync(path.join(tmpdir(), 'ancillary-runtimes-'));
  try {
    const tarball = await pack(directory);
    writeFileSync(path.join(directory, 'package.json'), '{ "name": "user", "private": true }');
    await run(['npm', 'install', '--no-audit', '--no-fund', tarball], { cwd: directory });
    addFrameworks(ROOT, directory);
    cpSync(path.join(__dirname, 'programs'), path.join(directory, 'programs'), { recursive: true });
    const programs = writeDocumentedPrograms(directory);
    return { directory, tarball, programs, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
  } catch (error) {
    rmSync(directory, { recursive: true });
    throw error;
  }
}

async function pack(directory: string): Promise<string> {
  // Whichever binaries there are, as long as they are of these sources; a release is packed with its whole check.
  await run([process.execPath, 'scripts/prebuild/check.mjs', '--present'], { cwd: ROOT });
  const args = ['npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', directory];
  const name = (await run(args, { cwd: ROOT })).stdout.trim();
  return path.join(directory, name);
}

export function writeDocumentedPrograms(directory: string): ProgramFile[] {
  return documentedPrograms(ROOT).flatMap(({ name, source, onNodeOnly }) => {
    const [module = '', commonJs = ''] = ['mjs', 'cjs'].map((kind) =>
      path.join(directory, `documented-${name}.${kind}`),
    );
    writeFileSync(module, source);
    writeFileSync(commonJs, toCommonJs(source));
    const spawns = source.includes('process.execPath');
    return [module, commonJs].map((file) => ({ file, onNodeOnly, spawns }));
  });
}

/** The binaries that a tarball's installation has, below native/prebuilds/. */
export function binariesOf(directory: string): string[] {
  const prebuilds = path.join(directory, 'node_modules/ancillary/native/prebuilds');
  return readdirSync(prebuilds, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.node'));
}
