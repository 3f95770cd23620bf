import type { Entry } from './entry';

/** How often what was met. */
export type Counts = Readonly<Record<string, number>>;

/** Counts what programs met on the running kernel. */
export class Counter {
  readonly #counts = new Map<string, number>([
    ['programs', 0],
    ['operations', 0],
  ]);

  program(entries: readonly Entry[]): void {
    this.#add('programs', 1);
    this.#add('operations', entries.length);
    for (const { met = [] } of entries) for (const what of met) this.#add(what, 1);
  }

  counts(): Counts {
    return Object.fromEntries(this.#counts);
  }

  #add(what: string, count: number): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + count);
  }
}

export function sum(all: readonly Counts[]): Counts {
  const total: Record<string, number> = {};
  for (const counts of all)
    for (const [what, count] of Object.entries(counts)) total[what] = (total[what] ?? 0) + count;
  return total;
}
