import type { DescriptorTable } from './descriptor-table';

/** What {@link watch} needs of an owner; OwnedFd has it. */
interface Owner {
  readonly closed: boolean;
  /** Whether the registry knows it, so that what never got there is not looked up there. */
  registered: boolean;
}

interface Held {
  readonly fd: number;
  readonly table: DescriptorTable;
}

const registry = new FinalizationRegistry<Held>(({ fd, table }) => {
  const what = table.describe(fd);
  table.closeAll([fd]);
  process.emitWarning(`descriptor ${fd} (${what}) became garbage without being closed; it is closed now`, {
    type: 'AncillaryWarning',
    code: 'ANCILLARY_LEAK',
    detail: 'Close every OwnedFd and FdFrame you receive: close(), using, or take() to pass the duty on.',
  });
});

interface Newcomer extends Held {
  readonly owner: Owner;
}

/**
 * Registering costs more than making the object (see docs/performance.md), and most descriptors are closed within
 * the turn that brought them. So newcomers are kept, strongly, until the turn ends; only what is still open then is
 * registered.
 */
let newcomers: Newcomer[] = [];

/** Watches an owner until {@link forget}: were it garbage while open, its descriptor would be closed and reported. */
export function watch(owner: Owner, fd: number, table: DescriptorTable): void {
  if (newcomers.length === 0) setImmediate(registerSurvivors);
  newcomers.push({ owner, fd, table });
}

/** Ends the watch: the owner closed or gave away its descriptor. */
export function forget(owner: Owner): void {
  if (owner.registered) registry.unregister(owner);
}

function registerSurvivors(): void {
  const survivors = newcomers;
  newcomers = [];
  for (const { owner, fd, table } of survivors) {
    if (owner.closed) continue;
    owner.registered = true;
    registry.register(owner, { fd, table }, owner);
  }
}
