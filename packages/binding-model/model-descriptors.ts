import { AncillaryError, type DescriptorTable, getProcessTable, OwnedFd, systemError } from '../binding';
import { KernelError, type ModelProcess } from './kernel';
import { isReal } from './travellers';

/**
 * The descriptors of a process of the model, with a ledger. Real numbers are answered for by the table of the process
 * that runs the model.
 */
export class ModelDescriptors implements DescriptorTable {
  readonly #process: ModelProcess;
  readonly #ledger = new Set<number>();

  constructor(process: ModelProcess) {
    this.#process = process;
  }

  own(fd: number): void {
    if (isReal(fd)) {
      getProcessTable().own(fd);
      return;
    }
    if (!this.isOpen(fd)) throw systemError('EBADF', 'fcntl', `descriptor ${fd} is not open`);
    if (this.#ledger.has(fd)) throw new AncillaryError('ERR_FD_BUSY', `descriptor ${fd} has an owner already`);
    this.#ledger.add(fd);
  }

  disown(fd: number): void {
    if (isReal(fd)) getProcessTable().disown(fd);
    else this.#ledger.delete(fd);
  }

  close(fd: number): void {
    if (isReal(fd)) {
      getProcessTable().close(fd);
      return;
    }
    this.#ledger.delete(fd);
    withSystemErrors(() => this.#process.close(fd));
  }

  closeAll(fds: readonly number[]): void {
    for (const fd of fds) if (this.isOpen(fd)) this.close(fd);
  }

  dup(fd: number): number {
    return isReal(fd) ? getProcessTable().dup(fd) : this.#enter(withSystemErrors(() => this.#process.dup(fd)));
  }

  isOpen(fd: number): boolean {
    return isReal(fd) ? getProcessTable().isOpen(fd) : this.#process.isOpen(fd);
  }

  describe(fd: number): string {
    if (isReal(fd)) return getProcessTable().describe(fd);
    return this.isOpen(fd) ? this.#process.identity(fd) : 'unknown';
  }

  /** Makes an owner for a number of the model that has none. */
  adopt(fd: number): OwnedFd {
    return OwnedFd.ofLedger(this.#enter(fd), this);
  }

  #enter(fd: number): number {
    this.#ledger.add(fd);
    return fd;
  }
}

/** The model's errors as the rest of the package shapes them. */
export function withSystemErrors<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof KernelError ? systemError(error.code, error.syscall) : error;
  }
}
