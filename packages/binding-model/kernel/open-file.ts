import type { ModelSocket } from './model-socket';

/**
 * An open file description: what descriptors refer to, in tables and in flight. It lives as long as one of them is
 * left.
 */
export class OpenFile {
  #references = 0;

  constructor(
    /** Tells files apart, as device and inode do. */
    readonly identity: string,
    /** What it is, if it is a socket. */
    readonly socket?: ModelSocket,
    /** Told when the last reference is gone. */
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

  drop(): void {
    this.#references--;
    if (this.#references > 0) return;
    this.socket?.release();
    this.released?.();
  }
}

/** Drops one reference to each. */
export function dropAll(files: Iterable<OpenFile>): void {
  for (const file of files) file.drop();
}
