import { describeValue, invalidType, invalidValue, requireIterable } from './argument-errors';
import { type DescriptorTable, getProcessTable } from './descriptor-table';
import { AncillaryError } from './errors';
import { INSPECT, kindOf, show, type ShownHow } from './inspect';
import { forget, watch } from './leak-net';

/**
 * A descriptor that someone must close. Whoever holds the object closes it, with {@link close} or `using`,
 * or passes the duty on with {@link take}. A plain number anywhere in this package is borrowed.
 *
 * One that becomes garbage unclosed is closed and reported as a process warning with code `ANCILLARY_LEAK`.
 */
export class OwnedFd implements Disposable {
  #fd: number;
  /** @internal */
  readonly table: DescriptorTable;
  /** @internal */
  registered = false;

  private constructor(fd: number, table: DescriptorTable | undefined) {
    // A program in plain JavaScript may come here, with a number that nothing would close.
    if (table === undefined) throw invalidType('OwnedFd.adopt(fd) takes a descriptor over, new OwnedFd() does not');
    this.#fd = fd;
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
    return new OwnedFd(fd, table);
  }

  /**
   * Wraps a descriptor that `table` has in its ledger already.
   * @internal
   */
  static ofLedger(fd: number, table: DescriptorTable): OwnedFd {
    return new OwnedFd(fd, table);
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
   * @throws ERR_FD_CLOSED when there is nothing left to hand over
   */
  take(): number {
    const fd = this.#release('take');
    this.table.disown(fd);
    return fd;
  }

  /**
   * A second owner of the same open file; both must be closed.
   * @throws ERR_FD_CLOSED; EMFILE
   */
  dup(): OwnedFd {
    if (this.#fd === -1) throw closedError('dup');
    return new OwnedFd(this.table.dup(this.#fd), this.table);
  }

  /** Closes it now; does nothing the second time. @throws EBADF when somebody else closed the number behind our back */
  close(): void {
    if (this.#fd !== -1) this.table.close(this.#release('close'));
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
        const fd = each.#release('close');
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

  /** What is shown and written as JSON: the number, what the kernel calls it, and whether it is closed. */
  toJSON(): { fd: number; kind?: string; path?: string; closed: boolean } {
    const { closed, fd } = this;
    return closed ? { fd, closed } : { fd, ...kindOf(this.table.describe(fd)), closed };
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
    return fd;
  }
}

/** What to do with something that has an owner: itself. */
function hintFor(given: unknown): string {
  const owner = typeof given === 'object' && given !== null && 'fd' in given;
  return owner ? ', which owns its own; fds.dup() makes a second owner' : '';
}

function closedError(what: string): AncillaryError {
  return new AncillaryError('ERR_FD_CLOSED', `cannot ${what} a descriptor that is closed or taken already`);
}
