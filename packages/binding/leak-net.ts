import type { DescriptorTable } from './descriptor-table';
import type { FdAccount } from './fd-account';
import { leaked } from './leak-warning';

interface Held {
  readonly fd: number;
  readonly table: DescriptorTable;
}

/** What {@link watch} needs of an owner; OwnedFd has it. */
interface Owner extends Held {
  readonly closed: boolean;
  /** Whether the number is another owner's by now. */
  readonly lost: boolean;
  /** Whether the registry knows it, so that what never got there is not looked up there. */
  registered: boolean;
  readonly account: FdAccount | undefined;
}

/** What is left of an owner that became garbage. */
interface Forgotten extends Held {
  /** How many numbers had been lost when it was registered. */
  readonly since: number;
  readonly account: FdAccount | undefined;
}

const registry = new FinalizationRegistry<Forgotten>(({ fd, table, since, account }) => {
  account?.count(-1);
  const what = table.describe(fd);
  leaked(fd, !table.isLost(fd, since) && table.closeForgotten(fd) ? what : undefined);
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
    // One that is lost already has nothing to be closed, and whoever has it learns so by close().
    if (owner.closed || owner.lost) continue;
    const { fd, table, account } = owner;
    owner.registered = true;
    // So that, whatever happens to the number meanwhile, no other file is closed.
    table.remember(fd);
    registry.register(owner, { fd, table, since: table.lostCount, account }, owner);
  }
}
