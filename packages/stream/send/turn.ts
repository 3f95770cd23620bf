import { microtask } from '../later';

/** Holds frames back that were sent in one turn of the event loop, so that they share system calls. */
export interface Gathering {
  /** The turn is over, or nothing follows it. */
  endOfTurn(): void;
}

const gathering = new Set<Gathering>();
let exiting = false;

// Its listeners are the last JavaScript that runs: no microtask follows them.
process.on('exit', () => {
  exiting = true;
  for (const each of gathering) each.endOfTurn();
});

/** Tells when this turn is over. Returns false, and does not, while the process exits: nothing can be put off then. */
export function tellEndOfTurn(to: Gathering): boolean {
  if (exiting) return false;
  gathering.add(to);
  microtask(() => {
    gathering.delete(to);
    to.endOfTurn();
  });
  return true;
}
