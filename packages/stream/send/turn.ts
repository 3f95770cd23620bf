import { microtask } from '../later';

/** Holds frames back that were sent in one turn of the event loop, so that they share system calls. */
export interface Gathering {
  /** The turn is over, or nothing follows it. Never throws. */
  endOfTurn(): void;
}

/** A new array for each turn: a Set leaves tables behind that keep each other's contents alive. */
let gathering: Gathering[] = [];
let exiting = false;

// Its listeners are the last JavaScript that runs: no microtask follows them.
process.on('exit', () => {
  exiting = true;
  endTurn();
});

/** Tells when this turn is over. Returns false, and does not, while the process exits: nothing can be put off then. */
export function tellEndOfTurn(to: Gathering): boolean {
  if (exiting) return false;
  gathering.push(to);
  if (gathering.length === 1) microtask(endTurn);
  return true;
}

function endTurn(): void {
  const ended = gathering;
  gathering = [];
  for (const each of ended) each.endOfTurn();
}
