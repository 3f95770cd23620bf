import { AncillaryError } from './errors';
import type { FdKind } from './fd-kind';

/**
 * The process's descriptors as this package sees them, with a ledger of those that JavaScript must close.
 * Every method throws system errors as Node shapes them.
 */
export interface DescriptorTable {
  /**
   * Enters an open descriptor in the ledger.
   * @throws EBADF when it is not open; ERR_FD_BUSY when it has an owner already, since two owners would close it twice
   */
  own(fd: number): void;
  /** Strikes a descriptor off the ledger and leaves it open. @throws EBADF when it is not in there */
  disown(fd: number): void;
  /**
   * Strikes a descriptor off the ledger and closes it, or has a thread close what a peer chose, which may take as long as
   * the peer likes (docs/kernel.md 44). @throws EBADF when somebody else closed it before
   */
  close(fd: number): void;
  /**
   * {@link close} for those that belong together, in this order; failures are passed over, so that one bad number does not
   * save the others.
   */
  closeAll(fds: readonly number[]): void;
  /** Keeps what file a descriptor is of, for {@link closeForgotten}. */
  remember(fd: number): void;
  /**
   * {@link close} for one whose owner is gone.
   * @returns false, with nothing closed, when somebody else closed it: the number is free, or of another file
   */
  closeForgotten(fd: number): boolean;
  /**
   * How many numbers are known to be lost: each entered the ledger while it was in there, so somebody had closed it behind
   * its owner's back. An owner keeps the count of when it was made.
   */
  readonly lostCount: number;
  /** Brings {@link lostCount} up to date, and returns it; call it when numbers have entered, before they get owners. */
  noticeLost(): number;
  /** Whether a number was lost since there were so many. */
  isLost(fd: number, since: number): boolean;
  /** Says that others may have the same open file; absent where that makes no difference. */
  lend?(fd: number): void;
  /** Duplicates with close-on-exec set; the copy is in the ledger. @throws EBADF, EMFILE */
  dup(fd: number): number;
  isOpen(fd: number): boolean;
  /** What the descriptor is, in words for a message, such as `pipe:[4026]`, all of them {@link printable}; never throws. */
  describe(fd: number): string;
  /** What it is, as far as it shows without waiting for who serves the file; the path is {@link printable}; never throws. */
  glance(fd: number): { kind?: FdKind; path?: string };
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
