import { type DescriptorTable, getProcessTable, OwnedFd } from '../binding';
import { closeSource, type FdLike, holdReading, numberOf } from '../stream';

/**
 * Descriptors that wait until a library writes the bytes that they go with. What is lent is duplicated. Of what is given away,
 * numbers and OwnedFds are taken over; everything else closes its number itself, so it is duplicated, and told to close when that
 * was sent or failed. Streams are not read here meanwhile, as those that `send()` was given.
 */
export class Carried {
  readonly fds: readonly OwnedFd[];
  readonly #table: DescriptorTable;
  readonly #sources: readonly FdLike[];
  readonly #held: readonly ReturnType<typeof holdReading>[];
  #settled = false;

  /** @throws as {@link numberOf}, ERR_FD_BUSY for a number that has an owner, EBADF, EMFILE; all is as it was then */
  constructor(given: readonly FdLike[], transfer: boolean) {
    const table = getProcessTable();
    const all: OwnedFd[] = [];
    const copies: OwnedFd[] = [];
    const adopted: OwnedFd[] = [];
    const sources: FdLike[] = [];
    try {
      for (const source of given) {
        const number = numberOf(source, transfer, all.length);
        if (transfer && source instanceof OwnedFd) {
          all.push(source);
        } else if (transfer && typeof source === 'number') {
          const owner = OwnedFd.adopt(number);
          adopted.push(owner);
          all.push(owner);
        } else {
          table.requireSendable?.([number]);
          const copy = OwnedFd.ofLedger(table.dup(number), table);
          copies.push(copy);
          all.push(copy);
          if (transfer) sources.push(source);
        }
      }
    } catch (error) {
      OwnedFd.closeAll(copies);
      for (const owner of adopted) owner.take();
      throw error;
    }
    this.fds = all;
    this.#table = table;
    this.#sources = sources;
    this.#held = given.map(holdReading);
  }

  /** They were sent, or will not be: closes what is left here, and what was given away. Does nothing the second time. */
  settle(sent: boolean): void {
    if (this.#settled) return;
    this.#settled = true;
    OwnedFd.closeAll(this.fds);
    for (const hold of this.#held) {
      if (sent) hold?.sent();
      else hold?.failed();
    }
    for (const source of this.#sources) closeSource(source, this.#table);
  }
}
