import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { runDirectory } from '../support/children';
import { type Descriptors, openDescriptors } from '../support/descriptors';

/** What passed between us and one peer: a row of the table of `npm run test:interop`. */
export interface InteropRow {
  readonly peer: string;
  /** Of both directions, with descriptors or without. */
  readonly messages: number;
  /** Descriptors that we sent, and that we received. */
  readonly fdsSent: number;
  readonly fdsReceived: number;
  /** Messages that had not exactly their own descriptors, by device and inode, at whichever end. */
  readonly wrong: number;
  /** Descriptors left open at either end when all was done. */
  readonly leftOver: number;
}

/** The least that must have passed. */
export type InteropGoal = Partial<Pick<InteropRow, 'messages' | 'fdsSent' | 'fdsReceived'>>;

/** A row as the table reads it, with what it falls short of: nothing where all is well. */
export interface ReportedRow extends InteropRow {
  readonly short: readonly string[];
}

/**
 * How many descriptors are open that were not. What was closed meanwhile, such as the pipes of a child that has ended, is none
 * of them.
 */
export function leftOpen(before: Descriptors, after: Descriptors = openDescriptors()): number {
  return [...after].filter(([fd, file]) => before.get(fd) !== file).length;
}

/**
 * Puts a row into the table, which is printed once all tests have run; then fails the test if the row has less than its goal,
 * or anything wrong or left over.
 */
export function reportRow(row: InteropRow, goal: InteropGoal = {}): void {
  const least = { messages: 0, fdsSent: 0, fdsReceived: 0, ...goal };
  const short = [
    ...(['messages', 'fdsSent', 'fdsReceived'] as const).flatMap((name) =>
      row[name] < least[name] ? [`${name} of ${least[name]}`] : [],
    ),
    ...(['wrong', 'leftOver'] as const).flatMap((name) => (row[name] > 0 ? [name] : [])),
  ];
  const reported: ReportedRow = { ...row, short };
  appendFileSync(path.join(runDirectory(), 'interop-rows'), `${JSON.stringify(reported)}\n`);
  expect(reported).toEqual({ ...row, short: [] });
}
