import { type BigIntStats, lstatSync, rmSync } from 'node:fs';
import type { BoundAddress, ListeningBinding, OwnedFd, SocketFile } from '../../binding';
import { withDirectoryLocked } from './directory-lock';
import { closeBound } from './pending-closes';

/** A path, which is absolute, with the very file that a socket was bound to there. */
export class BoundPath {
  readonly #binding: ListeningBinding;
  readonly #path: string;
  readonly #dev: bigint;
  readonly #ino: bigint;

  constructor(binding: ListeningBinding, path: string, { dev, ino }: Pick<SocketFile, 'dev' | 'ino'>) {
    this.#binding = binding;
    this.#path = path;
    this.#dev = dev;
    this.#ino = ino;
  }

  /** Whether the file still stands there. No other can be taken for it while the socket is bound. */
  get standing(): boolean {
    const found = entryAt(this.#path);
    return found?.dev === this.#dev && found.ino === this.#ino;
  }

  /** Removes the file if it still stands there; call it while the socket is bound, so that nobody replaces it. */
  remove(): void {
    if (this.standing) rmSync(this.#path, { force: true });
  }

  /**
   * Has the socket closed, and then removes the file unless the socket is open all the same: in another process, on its way
   * to one, or as another descriptor of this one. Whoever has it serves there.
   * @param socket its descriptor, which `close` closes
   */
  async removeWithLast(socket: number, close: () => void): Promise<void> {
    const file = this.#binding.openSocketFile(socket, this.#path);
    if (typeof file === 'string') {
      close();
      return;
    }
    // While it is open its inode is not used for another file.
    using open = file.fd;
    await closeBound(this.#binding, socket, close, () => this.#isBound(open));
    await withDirectoryLocked(this.#binding, this.#path, undefined, () => {
      if (!this.#isBound(open)) this.remove();
    });
  }

  #isBound(file: OwnedFd): boolean {
    const link = askWhetherBound(this.#binding, { path: `/proc/self/fd/${file.fd}` });
    // Without /proc.
    const refusal = link === 'ENOENT' ? askWhetherBound(this.#binding, { path: this.#path }) : link;
    return refusal !== 'ECONNREFUSED';
  }
}

/**
 * What stands at a path; undefined also where the path leads nowhere any more.
 * @throws what the runtime refuses the question with, where its permissions do not allow it
 */
export function entryAt(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    if (errno === undefined) throw error;
    return undefined;
  }
}

/** What connecting a datagram socket gives: `'ECONNREFUSED'` where no socket is bound (docs/kernel.md 41). */
export function askWhetherBound(binding: ListeningBinding, address: BoundAddress): string | undefined {
  using probe = binding.datagramSocket();
  return binding.connect(probe, address);
}
