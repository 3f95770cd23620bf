import { describeValue, invalidType, invalidValue, requireIterable } from './argument-errors';
import { type DescriptorTable, getProcessTable } from './descriptor-table';
import { AncillaryError, systemError } from './errors';
import type { FdAccount } from './fd-account';
import type { FdKind } from './fd-kind';
import { INSPECT, show, type ShownHow } from './inspect';
import { forget, watch } from './leak-net';

/**
 * A descriptor that someone must close. Whoever holds the object closes it, with {@link close} or `using`,
 * or passes the duty on with {@link take}. A plain number anywhere in this package is borrowed.
 *
 * One that becomes garbage unclosed is closed and reported as a process warning with code `ANCILLARY_LEAK`.
 */
export class OwnedFd implements Disposable {
  #fd: number;
  /** How many numbers had been lost when this one was made. */
  readonly #since: number;
  /** @internal */
  readonly table: DescriptorTable;
  /** @internal */
  registered = false;
  /**
   * Who counts it, if anybody.
   * @internal
   */
  account: FdAccount | undefined;

  private constructor(fd: number, table: DescriptorTable | undefined, since: number) {
    // A program in plain JavaScript may come here, with a number that nothing would close.
    if (table === undefined) throw invalidType('OwnedFd.adopt(fd) takes a descriptor over, new OwnedFd() does not');
    this.#fd = fd;
    this.#since = since;
    this.table = table;
    watch(this);
  }

  /**
   * Takes over an open descriptor of this process: it must not be closed by anyone else from now on.
   * @throws TypeError for what is no descriptor number; EBADF when it is not open;
   * ERR_FD_BUSY when another OwnedFd or FdSocket holds the same number
   */
  static adopt(fd: number): OwnedFd {
    if (!Number.isInteger(fd) || fd < 0 || fd > 0x7fffffff)
      throw invalidValue(`the fd of a descriptor is an integer from 0 up, not ${describeValue(fd)}${hintFor(fd)}`);
    const table = getProcessTable();
    table.own(fd);
    return OwnedFd.ofLedger(fd, table);
  }

  /**
   * Wraps a descriptor that `table` has in its ledger already.
   * @param since what `table.noticeLost()` returned after it entered
   * @internal
   */
  static ofLedger(fd: number, table: DescriptorTable, since: number = table.noticeLost()): OwnedFd {
    return new OwnedFd(fd, table, since);
  }

  /** The number, to lend out; -1 once closed or taken. */
  get fd(): number {
    return this.#fd;
  }

  /** True once closed or taken. */
  get closed(): boolean {
    return this.#fd === -1;
  }

  /**
   * Hands the duty to close over to the caller and returns the bare number.
   * @throws ERR_FD_CLOSED when there is nothing left to hand over; EBADF when somebody else closed the number and it was
   * given out anew
   */
  take(): number {
    const lost = this.lost;
    const fd = this.#release('take');
    if (lost) throw lostError(fd, 'take');
    this.table.disown(fd);
    return fd;
  }

  /**
   * Whether the number is another owner's by now, somebody having closed it behind our back.
   * @internal
   */
  get lost(): boolean {
    return this.#since !== this.table.lostCount && this.table.isLost(this.#fd, this.#since);
  }

  /**
   * @throws EBADF when the number is another owner's
   * @internal
   */
  requireOwned(what: string): void {
    if (this.lost) throw lostError(this.#fd, what);
  }

  /**
   * A second owner of the same open file; both must be closed.
   * @throws ERR_FD_CLOSED; EMFILE; EBADF when somebody else closed the number
   */
  dup(): OwnedFd {
    if (this.#fd === -1) throw closedError('dup');
    this.requireOwned('dup');
    return OwnedFd.ofLedger(this.table.dup(this.#fd), this.table);
  }

  /**
   * Closes it; does nothing the second time. What a peer sent is closed by a thread, after a few milliseconds at most unless
   * closing itself takes longer; everything else at once.
   * @throws EBADF when somebody else closed the number behind our back
   */
  close(): void {
    if (this.#fd === -1) return;
    const lost = this.lost;
    const fd = this.#release('close');
    if (lost) throw lostError(fd, 'close');
    this.table.close(fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Closes many in one call, passing over what is closed already.
   * @returns how many were open
   * @throws TypeError where something else is among them, with all that are OwnedFds closed
   */
  static closeAll(owned: Iterable<OwnedFd>): number {
    requireIterable('owned', 'an array of OwnedFds, or another iterable', owned);
    let count = 0;
    let foreign: { readonly value: unknown } | undefined;
    // One call for each run of descriptors of the same table, which mostly is all of them.
    let table: DescriptorTable | undefined;
    let fds: number[] = [];
    try {
      for (const each of owned) {
        if (!OwnedFd.#is(each)) {
          foreign ??= { value: each };
          continue;
        }
        if (each.#fd === -1) continue;
        const lost = each.lost;
        const fd = each.#release('close');
        if (lost) continue;
        count++;
        if (each.table !== table) {
          table?.closeAll(fds);
          table = each.table;
          fds = [];
        }
        fds.push(fd);
      }
    } finally {
      table?.closeAll(fds);
    }
    if (foreign !== undefined) throw invalidType(`closeAll() takes OwnedFds, not ${describeValue(foreign.value)}`);
    return count;
  }

  /**
   * What is shown and written as JSON: the number, its kind and its path, as `describeFd()` has them, and whether it is closed.
   * Files, directories and devices have no kind here: telling them apart might wait for who serves them.
   */
  toJSON(): { fd: number; kind?: FdKind; path?: string; closed: boolean } {
    const { closed, fd } = this;
    return closed ? { fd, closed } : { fd, ...this.table.glance(fd), closed };
  }

  /** @internal */
  [INSPECT](...shown: ShownHow): string {
    return show('OwnedFd', this.toJSON(), ...shown);
  }

  static #is(value: unknown): value is OwnedFd {
    return typeof value === 'object' && value !== null && #fd in value;
  }

  #release(what: string): number {
    const fd = this.#fd;
    if (fd === -1) throw closedError(what);
    this.#fd = -1;
    forget(this);
    this.account?.count(-1);
    this.account = undefined;
    return fd;
  }
}

/** What to do with something that has an owner: itself. */
function hintFor(given: unknown): string {
  const owner = typeof given === 'object' && given !== null && 'fd' in given;
  return owner ? ', which owns its own; fds.dup() makes a second owner' : '';
}

function lostError(fd: number, what: string): Error {
  return systemError(
    'EBADF',
    'close',
    `cannot ${what} descriptor ${fd}: somebody else closed it, and it has another owner now`,
  );
}

function closedError(what: string): AncillaryError {
  return new AncillaryError('ERR_FD_CLOSED', `cannot ${what} a descriptor that is closed or taken already`);
}
