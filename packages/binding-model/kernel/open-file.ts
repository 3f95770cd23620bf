import type { Readiness } from './system-calls';

/**
 * An open file description: what descriptors refer to, in tables and in flight. It lives as long as one of them is
 * left.
 */
export class OpenFile {
  #references = 0;

  constructor(
    /** Tells files apart, as device and inode do. */
    readonly identity: string,
    /** Called when the last reference is gone. */
    readonly released?: () => void,
  ) {}

  /** How many descriptors refer to it, those in flight included. */
  get references(): number {
    return this.#references;
  }

  hold(): this {
    this.#references++;
    return this;
  }

  /** A plain file can always be read and written. */
  poll(): Readiness {
    return { in: true, out: true, pri: false, err: false, hup: false, rdhup: false };
  }

  drop(): void {
    this.#references--;
    if (this.#references > 0) return;
    this.released?.();
  }
}

/** What a pidfd refers to. It is ready when its process has ended, which those of the model do not. */
export class ProcessFile extends OpenFile {
  override poll(): Readiness {
    return { in: false, out: false, pri: false, err: false, hup: false, rdhup: false };
  }
}

/** Drops one reference to each. */
export function dropAll(files: Iterable<OpenFile>): void {
  for (const file of files) file.drop();
}
