import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MODEL, mutate, type Mutation } from './mutation';

const REPOSITORY = path.join(__dirname, '../../..');
const COPIED = ['packages', 'test', 'package.json', 'jest.config.js', 'tsconfig.json', 'tsconfig.base.json'];
const LINKED = ['node_modules', 'build', 'native', 'docs'];

/** A copy of the repository, in which the model can be broken while nobody else notices. Disposing removes it. */
export class BrokenCopy implements Disposable {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'ancillary-mutations-'));

  constructor() {
    const copy = { recursive: true, preserveTimestamps: true };
    for (const name of COPIED) cpSync(path.join(REPOSITORY, name), path.join(this.directory, name), copy);
    for (const name of LINKED) symlinkSync(path.join(REPOSITORY, name), path.join(this.directory, name));
  }

  /** Runs something while the model is broken in this way. */
  async whileBroken<T>(mutation: Pick<Mutation, 'file' | 'from' | 'to'>, run: () => Promise<T>): Promise<T> {
    const file = path.join(this.directory, MODEL, mutation.file);
    const source = readFileSync(file, 'utf8');
    writeFileSync(file, mutate(source, mutation));
    try {
      return await run();
    } finally {
      writeFileSync(file, source);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}
