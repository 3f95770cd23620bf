import { AncillaryError } from './errors';

/**
 * The process's descriptors as this package sees them, with a ledger of those that JavaScript must close.
 * Every method throws system errors as Node shapes them.
 */
export interface DescriptorTable {
  /**
   * Enters an open descriptor in the ledger.
   * @throws EBADF when it is not open; ERR_FD_BUSY when the ledger already holds it, since two owners would close it twice
   */
  own(fd: number): void;
  /** Strikes a descriptor off the ledger and leaves it open. */
  disown(fd: number): void;
  /** Strikes a descriptor off the ledger and closes it. @throws EBADF when somebody else closed it before */
  close(fd: number): void;
  /** {@link close} for many in one call; failures are passed over, so that one bad number does not save the others. */
  closeAll(fds: readonly number[]): void;
  /** Duplicates with close-on-exec set; the copy is in the ledger. @throws EBADF, EMFILE */
  dup(fd: number): number;
  isOpen(fd: number): boolean;
  /** What the descriptor is, in words for a message, such as `pipe:[4026]`, all of them {@link printable}; never throws. */
  describe(fd: number): string;
  /**
   * Throws when one of the numbers could not be sent wherever it came from; absent where all can be.
   * @throws TypeError
   */
  requireSendable?(fds: readonly number[]): void;
}

let processTable: DescriptorTable | undefined;

/** Names the table that bare descriptor numbers of this process belong to; whoever wires an implementation calls it. */
export function setProcessTable(table: DescriptorTable): void {
  processTable = table;
}

/** @throws ERR_FD_KIND where no implementation is wired */
export function getProcessTable(): DescriptorTable {
  if (processTable !== undefined) return processTable;
  throw new AncillaryError('ERR_FD_KIND', "descriptors of this process can be used only once 'ancillary' is imported");
}

/** Whether bare descriptor numbers of this process mean anything here. */
export function hasProcessTable(): boolean {
  return processTable !== undefined;
}
