import fc from 'fast-check';
import { type Kind, programs } from './arbitrary';
import { compare, type Difference, differenceOf } from './compare';
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
  /** What the smallest program found on which the kernels differ shows. */
  readonly difference: Difference | undefined;
  /** Why a program could not be run to its end, and which one. */
  readonly failure: string | undefined;
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
  const found = { counts: counter.counts(), difference: undefined, failure: undefined };
  if (program === undefined) return found;
  return { ...found, ...again(withoutIdleSteps(program, model, real), model, real) };
}

/** Leaves out steps that the difference does not need. Shrinking has done so, but for the last one, which it keeps. */
function withoutIdleSteps(program: Program, model: Kernel, real: Kernel): Program {
  let shortest = program;
  for (let step = program.steps.length - 1; step >= 0; step--) {
    const shorter = { ...shortest, steps: shortest.steps.toSpliced(step, 1) };
    if (differs(shorter, model, real)) shortest = shorter;
  }
  return shortest;
}

function differs(program: Program, model: Kernel, real: Kernel): boolean {
  try {
    return compare(program, model, real).difference !== undefined;
  } catch {
    return false;
  }
}

function again(program: Program, model: Kernel, real: Kernel): Pick<Found, 'difference' | 'failure'> {
  const written = JSON.stringify(program);
  try {
    const comparison = compare(program, model, real);
    if (comparison.difference !== undefined) return { difference: differenceOf(comparison), failure: undefined };
    return { difference: undefined, failure: `no difference any more when it was run again: ${written}` };
  } catch (error) {
    // A call failed in a way that none should.
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { difference: undefined, failure: `${told}\n${written}` };
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
