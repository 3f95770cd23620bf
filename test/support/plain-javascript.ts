import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { runDirectory } from './children';

const ROOT = path.resolve(__dirname, '../..');

/**
 * The sources of packages/ as plain JavaScript, for workers and children, which cannot run TypeScript: the path that
 * `require` takes for `ancillary`, with its siblings (`../codec` …) beside it. Made anew in each run of the tests, so that,
 * unlike dist/, it is never older than the sources. The addon is the one that the tests themselves use.
 */
export function plainJavaScript(): string {
  return path.join(plainTree('plain-javascript', ['packages']), 'packages', 'ancillary');
}

/** The same for a program of the tests: the path of a file of theirs, which may import packages/ and other folders given. */
export function plainProgram(file: string, ...folders: readonly string[]): string {
  const tree = plainTree('plain-programs', ['packages', path.dirname(file), ...folders]);
  return path.join(tree, file.replace(/ts$/, 'js'));
}

function plainTree(name: string, folders: readonly string[]): string {
  const root = path.join(runDirectory(), name, folders.join('+').replaceAll('/', '-'));
  // Two workers of jest may make it: each under a name of its own, and only one can rename.
  const unfinished = `${root}.${process.pid}`;
  if (!existsSync(root)) {
    for (const folder of folders) transpile(folder, unfinished);
    addModules(unfinished);
    try {
      renameSync(unfinished, root);
    } catch (error) {
      if (!existsSync(root)) throw error;
    }
  }
  return root;
}

function transpile(folder: string, root: string): void {
  for (const file of readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.d.ts')) continue;
    const { outputText } = ts.transpileModule(readFileSync(path.join(ROOT, folder, file), 'utf8'), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, esModuleInterop: true },
    });
    const target = path.join(root, folder, file.replace(/ts$/, 'js'));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
}

function addModules(root: string): void {
  // By package.json's name an environment variable can name another addon, of which a process needs one only: its threads
  // share what is in there (native/number_owners.h).
  for (const name of ['build', 'node_modules', 'package.json'])
    symlinkSync(path.join(ROOT, name), path.join(root, name));
}
