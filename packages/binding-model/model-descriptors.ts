import {
  AncillaryError,
  type DescriptorTable,
  getProcessTable,
  hasProcessTable,
  LostNumbers,
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
  readonly #lost: number[] = [];
  readonly #lostNumbers = new LostNumbers((index) => this.#lost[index] ?? -1);
  /** The files of those that have been open for a while. */
  readonly #files = new Map<number, string>();
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
    else if (!this.#ledger.delete(fd)) throw systemError('EBADF', 'close', `descriptor ${fd} is not in the ledger`);
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

  remember(fd: number): void {
    const elsewhere = this.elsewhere(fd);
    if (elsewhere !== undefined) elsewhere.remember(fd);
    else if (this.#ledger.has(fd) && this.isOpen(fd)) this.#files.set(fd, this.#process.identity(fd));
  }

  closeForgotten(fd: number): boolean {
    const elsewhere = this.elsewhere(fd);
    if (elsewhere !== undefined) return elsewhere.closeForgotten(fd);
    const file = this.#files.get(fd);
    this.#files.delete(fd);
    const same = this.isOpen(fd) && (file === undefined || file === this.#process.identity(fd));
    if (!this.#ledger.has(fd)) return false;
    if (same) this.close(fd);
    else this.#ledger.delete(fd);
    return same;
  }

  get lostCount(): number {
    return this.#lost.length;
  }

  noticeLost(): number {
    return this.#lost.length;
  }

  isLost(fd: number, since: number): boolean {
    return this.#lostNumbers.isLost(fd, since, this.#lost.length);
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

  glance(fd: number): ReturnType<DescriptorTable['glance']> {
    const elsewhere = this.elsewhere(fd);
    if (elsewhere !== undefined) return elsewhere.glance(fd);
    return this.isOpen(fd) ? { path: this.#process.identity(fd) } : {};
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
    if (this.#ledger.has(fd)) this.#lost.push(fd);
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
