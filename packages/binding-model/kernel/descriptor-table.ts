import type { OpenFile } from './open-file';

/** The descriptors of one process. A new one gets the lowest free number (POSIX), if that is below the limit. */
export class DescriptorTable {
  readonly #files = new Map<number, OpenFile>();
  readonly #firstNumber: number;
  readonly #lastNumber: number;
  #lowestFree: number;
  #limit = 0;

  constructor(limit: number, firstNumber: number, lastNumber: number) {
    this.#firstNumber = firstNumber;
    this.#lastNumber = lastNumber;
    this.#lowestFree = firstNumber;
    this.limit = limit;
  }

  /** RLIMIT_NOFILE, counted from the first number. */
  get limit(): number {
    return this.#limit;
  }

  set limit(limit: number) {
    this.#limit = Math.min(limit, this.#lastNumber - this.#firstNumber + 1);
  }

  /** The number, which holds a reference to the file from now on; undefined when the table is full. */
  install(file: OpenFile): number | undefined {
    const fd = this.#lowestFree;
    if (fd >= this.#firstNumber + this.limit) return undefined;
    this.#files.set(fd, file.hold());
    do this.#lowestFree++;
    while (this.#files.has(this.#lowestFree));
    return fd;
  }

  /** How many are open. */
  get size(): number {
    return this.#files.size;
  }

  hasRoomFor(count: number): boolean {
    let free = this.limit;
    for (const fd of this.#files.keys()) if (fd < this.#firstNumber + this.limit) free--;
    return free >= count;
  }

  /** The limit under which so many numbers are free. */
  limitFor(free: number): number {
    let limit = 0;
    for (let found = 0; found < free; limit++) if (!this.#files.has(this.#firstNumber + limit)) found++;
    return limit;
  }

  get(fd: number): OpenFile | undefined {
    return this.#files.get(fd);
  }

  /** Frees the number; the reference passes to the caller. */
  remove(fd: number): OpenFile | undefined {
    const file = this.#files.get(fd);
    if (file === undefined) return undefined;
    this.#files.delete(fd);
    if (fd < this.#lowestFree) this.#lowestFree = fd;
    return file;
  }

  /** Every open descriptor and its file, by number. */
  entries(): [number, OpenFile][] {
    return [...this.#files].sort(([a], [b]) => a - b);
  }
}
