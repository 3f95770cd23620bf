import fc from 'fast-check';
import { type Kind, programs } from './arbitrary';
import { compare, describeDifference } from './compare';
import { type Counts, Counter } from './counts';
import type { Kernel } from './machine';
import type { Program } from './program';

export interface SearchOptions {
  readonly kind: Kind;
  readonly runs: number;
  readonly seed: number;
  readonly maxSteps: number;
}

export interface Found {
  readonly counts: Counts;
  /** The smallest program found on which the kernels differ, as readable steps. */
  readonly difference: string | undefined;
}

/** Runs programs on both kernels until they differ. */
export function search({ kind, runs, seed, maxSteps }: SearchOptions, model: Kernel, real: Kernel): Found {
  const counter = new Counter();
  const outcome = withoutStacks(() =>
    fc.check(
      fc.property(programs(kind, maxSteps), (program) => {
        const { real: entries, difference } = compare(program, model, real);
        if (difference === undefined) counter.program(entries);
        return difference === undefined;
      }),
      { numRuns: runs, seed, unbiased: true },
    ),
  );
  const [program] = outcome.counterexample ?? [];
  return { counts: counter.counts(), difference: program && describeProgram(program, model, real) };
}

function describeProgram(program: Program, model: Kernel, real: Kernel): string {
  try {
    const comparison = compare(program, model, real);
    if (comparison.difference !== undefined) return describeDifference(comparison);
    return `not any more when it was run again: ${JSON.stringify(program)}`;
  } catch (error) {
    // A call failed in a way that none should.
    return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${JSON.stringify(program)}`;
  }
}

/** Many calls fail, and an error's stack costs more than the call. */
function withoutStacks<T>(perform: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return perform();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
