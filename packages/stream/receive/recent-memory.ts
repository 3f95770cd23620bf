/** Who holds bytes in memory that others read into, too. */
export interface MemoryHolder {
  /** Its bytes have to stay where memory is no {@link isRecent} one any more: it is to keep little more than they need. */
  settle(): void;
}

/** As many as there are slabs of the addon's that are read into in turn: one for small segments, one for large ones. */
const MOST = 2;

interface Recent {
  readonly memory: ArrayBufferLike;
  readonly holders: Set<MemoryHolder>;
}

/** The oldest first. */
const recent: Recent[] = [];

/** Whether memory is, or was not long ago, read into for all sockets, so that to hold bytes in it costs nothing. */
export function isRecent(memory: ArrayBufferLike): boolean {
  return recent.some((each) => each.memory === memory);
}

/**
 * Bytes of a holder wait in memory that was read into just now. So that no timer is needed, it hears of it when as many other
 * pieces of memory were read into for somebody who waits.
 */
export function waitsIn(memory: ArrayBufferLike, holder: MemoryHolder): void {
  const known = recent.find((each) => each.memory === memory);
  if (known !== undefined) {
    known.holders.add(holder);
    return;
  }
  recent.push({ memory, holders: new Set([holder]) });
  const oldest = recent.length > MOST ? recent.shift() : undefined;
  for (const each of oldest?.holders ?? []) each.settle();
}
