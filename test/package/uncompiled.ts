import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { node } from '../support/children';
import { plainJavaScript } from '../support/plain-javascript';
import { root } from './npm';

/** The package as it is installed, without any binary, and programs that run with it as if they were elsewhere. */
export class Uncompiled implements Disposable {
  // A space, which the command that compiles it must survive.
  readonly directory = mkdtempSync(path.join(tmpdir(), 'ancillary platform-'));
  readonly native = path.join(this.directory, 'node_modules/ancillary/native');

  constructor() {
    const modules = path.join(this.directory, 'node_modules');
    for (const name of ['eventemitter3', 'node-gyp-build']) this.take(`node_modules/${name}`, `node_modules/${name}`);
    this.take('package.json', 'node_modules/ancillary/package.json');
    for (const name of readdirSync(path.join(root, 'native'))) {
      if (/\.(cc|h|gyp|gypi)$/.test(name)) this.take(`native/${name}`, `node_modules/ancillary/native/${name}`);
    }
    // As old as the sources, which dist/ need not be.
    cpSync(path.dirname(plainJavaScript()), path.join(modules, 'ancillary/dist'), { recursive: true });
  }

  /** Copies something of the repository. */
  take(from: string, to: string): void {
    cpSync(path.join(root, from), path.join(this.directory, to), { recursive: true });
  }

  /** A file below the package's native/. */
  put(file: string, content: string): void {
    const target = path.join(this.native, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content);
  }

  /** The repository's own build, as a file below the package's native/. */
  putBuild(file: string): void {
    this.take('build/Release/ancillary.node', path.join('node_modules/ancillary/native', file));
  }

  /** Any addon, as a file below the package's native/. */
  putAddon(from: string, file: string): void {
    cpSync(from, path.join(this.native, file), { recursive: true });
  }

  /** What a program tells: it calls `tell(value)` once. `as` is a platform and an architecture, as `linux-x64`. */
  async run(program: string, { as = `${process.platform}-${process.arch}` } = {}): Promise<unknown> {
    const [platform, arch] = as.split('-');
    const source = `
      // Node and node-gyp-build take both from here.
      Object.defineProperty(process, 'platform', { value: ${JSON.stringify(platform)} });
      Object.defineProperty(process, 'arch', { value: ${JSON.stringify(arch)} });
      const tell = (value) => process.stdout.write(JSON.stringify(value));
      ${program}`;
    const env = { LIBC: 'glibc' };
    const { stdout } = await node(source, { cwd: this.directory, env }).succeeded();
    return JSON.parse(stdout) as unknown;
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
