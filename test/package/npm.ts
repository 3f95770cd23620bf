import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { type Child, type ChildOptions, node, start } from '../support/children';

export const root = path.resolve(__dirname, '../..');

/** Runs npm by the Node that runs the tests, whatever the PATH given to it. */
export function npm(args: readonly string[], options: ChildOptions): Child {
  return start(process.execPath, [npmCli(), ...args], options);
}

/** The npm that runs the tests, or else the one on the PATH. */
function npmCli(): string {
  const running = process.env['npm_execpath'];
  if (running !== undefined && path.basename(running) === 'npm-cli.js') return running;
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const command = path.join(folder, 'npm');
    if (!existsSync(command)) continue;
    // A link to npm-cli.js, or a script with npm's folder not far.
    const real = realpathSync(command);
    for (const file of [real, path.resolve(folder, '../lib/node_modules/npm/bin/npm-cli.js')]) {
      if (path.basename(file) === 'npm-cli.js' && existsSync(file)) return file;
    }
  }
  throw new Error('npm is not on the PATH');
}

/** How node-gyp finds Node's own headers, where they are installed beside it: that saves downloading them. */
export function headers(): Record<string, string> {
  const prefix = path.resolve(process.execPath, '../..');
  return existsSync(path.join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
}

/** The mark that binaries built from these sources bear; `of` has scripts/prebuild/. */
export async function markOf(of: string): Promise<string> {
  const program = `import(process.argv[1]).then(({ digest, mark }) => process.stdout.write(mark(digest())))`;
  const { stdout } = await node(program, { args: [path.join(of, 'scripts/prebuild/sources.mjs')] }).succeeded();
  return stdout;
}

export interface Manifest {
  readonly gypfile?: boolean;
  readonly scripts?: Readonly<Record<string, string>>;
}

export function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
}
