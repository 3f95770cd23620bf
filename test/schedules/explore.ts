import { setImmediate } from 'node:timers/promises';
import { type Choose, Prescribed } from './choose';

/** Something that goes on step by step, each time in one of several ways. */
export interface Run {
  /** Nothing is left to do. */
  readonly done: boolean;
  /** What happened so far, in words. */
  readonly story: readonly (() => string)[];
  /** All that decides how it can go on, and what must hold from here on. */
  key(): string;
  /** Goes on by one step. Returns false when the choices made do not fit together; such a run is of no use any more. */
  step(choose: Choose): boolean;
  /** Breaks off here, and checks what must hold then. */
  end(): void;
}

export interface Counts {
  /** Different states. */
  readonly states: number;
  /** Ways from one state to the next. Each was gone, from the very start, and broken off behind its last step. */
  readonly steps: number;
  /** Ways from the start to an end. */
  readonly schedules: bigint;
}

interface State {
  /** One way to get here: from which state, by which choices. */
  readonly from: State | undefined;
  readonly choices: readonly number[];
  readonly done: boolean;
  readonly next: number[];
}

/** Descriptors that were received are kept for as long as one turn of the event loop lasts. */
const RUNS_PER_TURN = 500;

/**
 * Goes every way that a run can go. Where two ways lead to states of the same key, they are followed on from the first
 * only. Shorter ways come first, so that what is wrong is found by as few steps as possible.
 */
export async function explore(start: () => Run): Promise<Counts> {
  const states: State[] = [{ from: undefined, choices: [], done: start().done, next: [] }];
  const known = new Map([[start().key(), 0]]);
  let steps = 0;
  let runs = 0;
  for (let index = 0; index < states.length; index++) {
    const state = states[index];
    if (state === undefined || state.done) continue;
    for (let choices: number[] | undefined = []; choices !== undefined;) {
      const run = start();
      const prescribed: Prescribed = new Prescribed(choices);
      const possible = telling(run, () => {
        for (const made of wayTo(state)) run.step(new Prescribed(made).choose);
        return run.step(prescribed.choose);
      });
      choices = prescribed.next();
      if (possible) {
        const key = run.key();
        let next = known.get(key);
        if (next === undefined) {
          next = states.length;
          known.set(key, next);
          states.push({ from: state, choices: [...prescribed.made], done: run.done, next: [] });
        }
        steps++;
        state.next.push(next);
      }
      telling(run, () => run.end());
      if (++runs % RUNS_PER_TURN === 0) await setImmediate();
    }
  }
  return { states: states.length, steps, schedules: countWays(states) };
}

/** Adds to an error what led to it. */
export function telling<T>(run: Run, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new Error(
      [error instanceof Error ? error.message : String(error), ...run.story.map((tell) => tell())].join('\n  '),
      {
        cause: error,
      },
    );
  }
}

function wayTo(state: State): (readonly number[])[] {
  const way: (readonly number[])[] = [];
  for (let at = state; at.from !== undefined; at = at.from) way.push(at.choices);
  return way.reverse();
}

/** How many ways there are from the first state to those that are done. No way comes to a state twice. */
function countWays(states: readonly State[]): bigint {
  const waysTo = states.map(() => 0n);
  const open = states.map(() => 0);
  for (const { next } of states) for (const index of next) open[index] = (open[index] ?? 0) + 1;
  waysTo[0] = 1n;
  let schedules = 0n;
  let left = states.length;
  for (const ready = [0]; ready.length > 0; left--) {
    const index = ready.pop() ?? 0;
    const ways = waysTo[index] ?? 0n;
    if (states[index]?.done) schedules += ways;
    for (const next of states[index]?.next ?? []) {
      waysTo[next] = (waysTo[next] ?? 0n) + ways;
      open[next] = (open[next] ?? 0) - 1;
      if (open[next] === 0) ready.push(next);
    }
  }
  if (left > 0) throw new Error(`${left} states lead back to themselves`);
  return schedules;
}
