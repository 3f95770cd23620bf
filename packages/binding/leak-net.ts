import type { DescriptorTable } from './descriptor-table';
import { printable } from './printable';

interface Held {
  readonly fd: number;
  readonly table: DescriptorTable;
}

/** What {@link watch} needs of an owner; OwnedFd has it. */
interface Owner extends Held {
  readonly closed: boolean;
  /** Whether the registry knows it, so that what never got there is not looked up there. */
  registered: boolean;
}

const registry = new FinalizationRegistry<Held>(({ fd, table }) => {
  const what = printable(table.describe(fd));
  table.closeAll([fd]);
  process.emitWarning(`descriptor ${fd} (${what}) became garbage without being closed; it is closed now`, {
    type: 'AncillaryWarning',
    code: 'ANCILLARY_LEAK',
    detail: 'Close every OwnedFd and FdFrame you receive: close(), using, or take() to pass the duty on.',
  });
});

/** Registering costs more than making the object, and most descriptors are closed soon (see docs/performance.md). */
const GRACE_MS = 100;
const MOST_NEWCOMERS = 1024;

/**
 * Owners that are kept, strongly, for a moment; only those that are still open then are registered. A timer, since an
 * immediate would make the event loop poll twice for every turn that brings descriptors.
 */
let newcomers: Owner[] = [];
let scheduled = false;

/** Watches an owner until {@link forget}: were it garbage while open, its descriptor would be closed and reported. */
export function watch(owner: Owner): void {
  if (newcomers.push(owner) === MOST_NEWCOMERS) registerSurvivors();
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    scheduled = false;
    registerSurvivors();
  }, GRACE_MS).unref();
}

/** Ends the watch: the owner closed or gave away its descriptor. */
export function forget(owner: Owner): void {
  if (owner.registered) registry.unregister(owner);
  // So that the list stays short, and its owners young garbage, where descriptors are closed about as they come.
  else while (newcomers.at(-1)?.closed === true) newcomers.pop();
}

function registerSurvivors(): void {
  const survivors = newcomers;
  newcomers = [];
  for (const owner of survivors) {
    if (owner.closed) continue;
    owner.registered = true;
    registry.register(owner, { fd: owner.fd, table: owner.table }, owner);
  }
}
