import { errnoName } from '../binding';
import { addon, checked } from '../binding-native';

/** Waits on the event loop until a descriptor can be read or written, and changes nothing of it. */
export class Readiness {
  readonly #handle: number;

  private constructor(handle: number) {
    this.#handle = handle;
  }

  /**
   * Undefined for what is always ready, as files are: they may take long all the same, but nobody can wait for them.
   * @throws EMFILE, ENOSPC (too many are watched), ENOMEM
   */
  static of(fd: number, direction: 'read' | 'write', ready: () => void): Readiness | undefined {
    const handle = addon.openReadiness(fd, direction === 'write', { ready });
    if (handle < 0 && errnoName(-handle) === 'EPERM') return undefined;
    return new Readiness(checked(handle, 'epoll_ctl', `descriptor ${fd}`));
  }

  /** Has `ready` called once. @throws as {@link of} */
  wait(): void {
    checked(addon.awaitReady(this.#handle), 'epoll_ctl', `descriptor ${this.#handle}`);
  }

  /** Call it once, and before the descriptor is closed: whoever has the same open file would keep it among those watched. */
  close(): void {
    addon.closeHandle(this.#handle);
  }
}
