import fs from 'node:fs';
import { isAbsolute } from 'node:path';
import type { BoundAddress } from '../../binding';
import { LONGEST_PATH } from './address';

/**
 * An address that means later what it meant when it was given: a relative path is looked for in the directory that was the
 * working directory then. It may hold a descriptor of that directory, so dispose of it.
 */
export class PinnedAddress implements Disposable {
  readonly given: BoundAddress;
  /** A path written out, for the file system, which takes long ones; undefined for a name. */
  readonly path: string | undefined;
  /** Of a relative path. */
  readonly #directory: string | undefined;
  /** The same, open. Only where the path would become too long for the kernel by writing it out. */
  #descriptor: number | undefined;

  constructor(given: BoundAddress) {
    this.given = given;
    if (!('path' in given)) return;
    this.path = given.path;
    if (isAbsolute(given.path)) return;
    this.#directory = workingDirectory();
    if (this.#directory === undefined) return;
    this.path = within(this.#directory, given.path);
    if (!fits(this.path)) this.#descriptor = openWorkingDirectory();
  }

  /** For the kernel, now: as it was given, as long as that means the same. */
  get address(): BoundAddress {
    const { given, path } = this;
    if (!('path' in given) || path === undefined || this.#directory === undefined) return given;
    if (this.#directory === workingDirectory()) return given;
    if (this.#descriptor === undefined) return { path };
    // Leads to the directory itself, whatever its path is (docs/kernel.md 43).
    return { path: within(linkTo(this.#descriptor), given.path) };
  }

  [Symbol.dispose](): void {
    if (this.#descriptor === undefined) return;
    fs.closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** Not resolve(), which takes `link/..` for the directory that the link stands in. */
function within(directory: string, path: string): string {
  return directory === '/' ? `/${path}` : `${directory}/${path}`;
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= LONGEST_PATH;
}

/** undefined where it was removed, or cannot be found out. */
function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** undefined where that cannot be, or would not help. */
function openWorkingDirectory(): number | undefined {
  try {
    const descriptor = fs.openSync('.', fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    if (fs.existsSync(linkTo(descriptor))) return descriptor;
    fs.closeSync(descriptor);
  } catch {
    // It may not be read, or descriptors have run out.
  }
  return undefined;
}

function linkTo(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}
