import {
  AncillaryError,
  type DescriptorTable,
  getProcessTable,
  hasProcessTable,
  OwnedFd,
  systemError,
  invalidValue,
} from '../binding';
import { KernelError, type ModelProcess } from './kernel';
import { isReal, type NumberOwner, worldOf } from './model-numbers';

/**
 * The descriptors of a process of a world, with a ledger as the native binding keeps it. Numbers that are not of this
 * world are passed to the table that they are of.
 */
export class ModelDescriptors implements DescriptorTable {
  readonly #process: ModelProcess;
  readonly #closed: () => void;
  readonly #world: NumberOwner | undefined;
  readonly #ledger = new Set<number>();
  /** Numbers that open sockets took over, and close themselves. */
  readonly #handles = new Set<number>();

  /**
   * @param closed called when a descriptor was closed, since that may make a socket ready
   * @param world which the process is in, if any
   */
  constructor(process: ModelProcess, closed: () => void, world?: NumberOwner) {
    this.#process = process;
    this.#closed = closed;
    this.#world = world;
  }

  /** The table of a number that is not of this world: of the process that runs it, or of another world. */
  elsewhere(fd: number): DescriptorTable | undefined {
    if (isReal(fd)) return getProcessTable();
    const world = worldOf(fd);
    return world === this.#world ? undefined : world?.bindingOf(fd)?.descriptors;
  }

  own(fd: number): void {
    const elsewhere = this.elsewhere(fd);
    if (elsewhere !== undefined) {
      elsewhere.own(fd);
      return;
    }
    if (!this.isOpen(fd)) throw systemError('EBADF', 'fcntl', `descriptor ${fd} is not open`);
    if (this.#ledger.has(fd) || this.#handles.has(fd)) {
      throw new AncillaryError('ERR_FD_BUSY', `descriptor ${fd} has an owner already`);
    }
    this.#ledger.add(fd);
  }

  disown(fd: number): void {
    const elsewhere = this.elsewhere(fd);
    if (elsewhere !== undefined) elsewhere.disown(fd);
    else this.#ledger.delete(fd);
  }

  close(fd: number): void {
    const elsewhere = this.elsewhere(fd);
    if (elsewhere !== undefined) {
      elsewhere.close(fd);
      return;
    }
    // What the ledger does not have, somebody else will close.
    if (!this.#ledger.delete(fd)) throw systemError('EBADF', 'close', `descriptor ${fd}`);
    withSystemErrors(() => this.#process.close(fd));
    this.#closed();
  }

  closeAll(fds: readonly number[]): void {
    for (const fd of fds) {
      try {
        this.close(fd);
      } catch {
        // One bad number does not save the others.
      }
    }
  }

  dup(fd: number): number {
    return this.elsewhere(fd)?.dup(fd) ?? this.#enter(withSystemErrors(() => this.#process.dup(fd), 'fcntl'));
  }

  isOpen(fd: number): boolean {
    return this.elsewhere(fd)?.isOpen(fd) ?? this.#process.isOpen(fd);
  }

  describe(fd: number): string {
    const elsewhere = this.elsewhere(fd);
    if (elsewhere !== undefined) return elsewhere.describe(fd);
    return this.isOpen(fd) ? this.#process.identity(fd) : 'unknown';
  }

  /** Real descriptors are sent as duplicates, which only the process's own table can make. */
  requireSendable(fds: readonly number[]): void {
    if (hasProcessTable()) return;
    const real = fds.find(isReal);
    if (real === undefined) return;
    throw invalidValue(
      `descriptor ${real} is one of this process, and not of the model. Open one in the model with world.open(), ` +
        `or import 'ancillary' as well, and real ones can be sent. Nothing was sent or closed`,
    );
  }

  /** Makes an owner for a number of the model that has none. */
  adopt(fd: number): OwnedFd {
    return OwnedFd.ofLedger(this.#enter(fd), this);
  }

  /** Passes the duty to close from an owner to an open socket. */
  handOver(owned: OwnedFd): void {
    this.#handles.add(owned.take());
  }

  /** Closes what {@link handOver} passed on. */
  closeHandedOver(fd: number): void {
    this.#handles.delete(fd);
    if (this.isOpen(fd)) this.#process.close(fd);
    this.#closed();
  }

  #enter(fd: number): number {
    this.#ledger.add(fd);
    return fd;
  }
}

/**
 * The model's errors as the rest of the package shapes them.
 * @param syscall what the native binding calls, if that is another one
 */
export function withSystemErrors<T>(call: () => T, syscall?: string): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof KernelError ? systemError(error.code, syscall ?? error.syscall, error.detail) : error;
  }
}
