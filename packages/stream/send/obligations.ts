import { type DescriptorTable, OwnedFd, type SystemError } from '../../binding';
import { closeSource, type FdLike } from '../fd-like';
import type { ConnectionQuota } from '../limits/quota';
import { holdReading, type ReadingHold } from '../reading-hold';
import { markNotOpen } from './not-open';

const NONE: readonly never[] = [];

/** What is owed when a frame is sent or failed, beside saying so. A frame of plain bytes owes nothing. */
export class Obligations {
  /** Duplicates of our own, since the frame has to wait. */
  copies: readonly OwnedFd[] = NONE;
  stopListening: (() => void) | undefined;
  /** Streams among what is sent, which are not read here meanwhile. */
  held: readonly ReadingHold[] = NONE;
  #transferred: (() => void) | undefined;
  #transferredCount = 0;
  /** Where what waits is counted, and how much that is. */
  #counted: { readonly quota: ConnectionQuota; readonly fds: number } | undefined;

  /** Whether the user gave descriptors away: they are closed by {@link closeTransferred}. */
  get transfers(): boolean {
    return this.#transferred !== undefined;
  }

  /** The sources are to be closed, each by its own method. */
  transfer(sources: readonly FdLike[], table: DescriptorTable): void {
    this.#transferred = () => closeAll(sources, table);
    this.#transferredCount = sources.length;
  }

  /** @throws EMFILE, EBADF, ERR_FD_QUOTA, with nothing duplicated */
  duplicate(fds: readonly number[], table: DescriptorTable, quota?: ConnectionQuota): readonly number[] {
    if (quota !== undefined) this.#count(quota, fds.length);
    const copies: OwnedFd[] = [];
    try {
      for (const fd of fds) copies.push(OwnedFd.ofLedger(duplicate(fd, table), table));
    } catch (error) {
      OwnedFd.closeAll(copies);
      this.#countNoMore();
      throw error;
    }
    this.copies = copies;
    return copies.map(({ fd }) => fd);
  }

  /** Gives back what was needed until now. */
  release(sent: boolean): void {
    this.stopListening?.();
    if (this.copies.length > 0) OwnedFd.closeAll(this.copies);
    this.#countNoMore();
    for (const hold of this.held) {
      if (sent) hold.sent();
      else hold.failed();
    }
  }

  closeTransferred(): void {
    this.#transferred?.();
  }

  /** What the user gave away stays open as long as the duplicates are. */
  #count(quota: ConnectionQuota, copies: number): void {
    const fds = copies + this.#transferredCount;
    quota.keep(fds);
    this.#counted = { quota, fds };
  }

  #countNoMore(): void {
    this.#counted?.quota.release(this.#counted.fds);
    this.#counted = undefined;
  }
}

function duplicate(fd: number, table: DescriptorTable): number {
  try {
    return table.dup(fd);
  } catch (error) {
    if (error instanceof Error && (error as Partial<SystemError>).code === 'EBADF') markNotOpen(error, fd);
    throw error;
  }
}

/** Stops reading those of the sources that are streams, until they are sent or not. Undefined where none is. */
export function holdAll(sources: readonly FdLike[]): readonly ReadingHold[] | undefined {
  let held: ReadingHold[] | undefined;
  for (const source of sources) {
    const hold = holdReading(source);
    if (hold !== undefined) (held ??= []).push(hold);
  }
  return held;
}

/** Closes what a user gave away. */
export function closeAll(sources: readonly FdLike[], table: DescriptorTable): void {
  for (const source of sources) closeSource(source, table);
}
