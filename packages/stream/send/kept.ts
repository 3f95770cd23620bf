import { AncillaryError, type DescriptorTable, type OwnedFd } from '../../binding';
import { type FdLike, numbersOf } from '../fd-like';
import type { ConnectionQuota } from '../limits/quota';
import { closeAll, holdAll, Obligations } from './obligations';

/** Duplicates what a frame has, to keep it until the peer has it: see FdSocket. */
export const keepFds = Symbol('keepFds');

/** Duplicates of a frame's descriptors, which outlive its sending. */
export class Kept {
  readonly fds: readonly OwnedFd[];
  readonly #obligations: Obligations;
  #released = false;

  /**
   * What is given away is closed, unless it was that which was refused.
   * @throws TypeError, ERR_FD_BUSY, with every source left as it was; ERR_FD_CLOSED, ERR_FD_QUOTA, EBADF, EMFILE
   */
  constructor(
    given: readonly FdLike[],
    transfer: boolean | readonly boolean[],
    table: DescriptorTable,
    quota: ConnectionQuota | undefined,
  ) {
    const sources = given.filter((_, at) => (typeof transfer === 'boolean' ? transfer : transfer[at]));
    const obligations = new Obligations();
    try {
      const numbers = numbersOf(given, transfer);
      table.requireSendable?.(numbers);
      obligations.transfer(sources, table);
      obligations.duplicate(numbers, table, quota);
    } catch (error) {
      const refused = error instanceof TypeError || (error instanceof AncillaryError && error.code === 'ERR_FD_BUSY');
      if (!refused) closeAll(sources, table);
      throw error;
    }
    obligations.held = holdAll(given) ?? [];
    this.fds = obligations.copies;
    this.#obligations = obligations;
  }

  /** Closes the duplicates, and what was given away. Does nothing the second time. */
  release(delivered: boolean): void {
    if (this.#released) return;
    this.#released = true;
    this.#obligations.release(delivered);
    this.#obligations.closeTransferred();
  }
}
