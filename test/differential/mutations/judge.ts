import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Difference } from '../compare';
import { searchInChild } from '../search-in-child';
import type { BrokenCopy } from './broken-copy';
import type { Mutation } from './mutation';

export interface Bounds {
  /** Programs from each seed, a third of them crowded. */
  readonly runs: number;
  /** The smallest program of those that these find is told. */
  readonly seeds: readonly number[];
}

/** What found a mutation out. */
export type Verdict =
  | { readonly by: 'differential'; readonly difference: Difference }
  | { readonly by: 'test'; readonly file: string; readonly title: string }
  | { readonly by: 'nothing'; readonly failure?: string };

const MAX_STEPS = 60;
/** A program of so few steps is small enough, and no other seed is tried. */
const FEW_STEPS = 4;
const MILLISECONDS = 300_000;

/** Breaks the model, and looks for who notices. @throws where the programs or the test do not end */
export function judge(copy: BrokenCopy, mutation: Mutation, bounds: Bounds): Promise<Verdict> {
  const { test } = mutation;
  return copy.whileBroken(mutation, () => (test === undefined ? search(copy, bounds) : runTest(copy, test)));
}

async function search({ directory }: BrokenCopy, { runs, seeds }: Bounds): Promise<Verdict> {
  const crowded = Math.floor(runs / 3);
  const kinds = [
    { kind: 'ordinary', runs: runs - crowded },
    { kind: 'crowded', runs: crowded },
  ] as const;
  for (const kind of kinds) {
    let smallest: Difference | undefined;
    for (const seed of seeds) {
      if (smallest !== undefined && stepsOf(smallest) <= FEW_STEPS) break;
      const options = { ...kind, seed, maxSteps: MAX_STEPS };
      const { difference, failure } = await searchInChild(options, directory, MILLISECONDS);
      if (failure !== undefined) return { by: 'nothing', failure };
      if (difference === undefined) continue;
      if (smallest === undefined || stepsOf(difference) < stepsOf(smallest)) smallest = difference;
    }
    if (smallest !== undefined) return { by: 'differential', difference: smallest };
  }
  return { by: 'nothing' };
}

function stepsOf({ before }: Difference): number {
  return before.length + 1;
}

/** The first failing test of a file. */
export async function runTest({ directory }: BrokenCopy, file: string): Promise<Verdict> {
  const output = path.join(directory, 'results.json');
  const jest = path.join(directory, 'node_modules/jest/bin/jest.js');
  const child = spawn(process.execPath, [jest, file, '--ci', '--json', '--outputFile', output], {
    cwd: directory,
    stdio: 'ignore',
    timeout: MILLISECONDS,
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (signal !== null) throw new Error(`${file} ended with ${signal}`);
  if (code === 0) return { by: 'nothing' };
  const { testResults } = JSON.parse(readFileSync(output, 'utf8')) as Results;
  for (const { message, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed');
    if (failed !== undefined) return { by: 'test', file, title: failed.fullName };
    if (assertionResults.length === 0) throw new Error(message);
  }
  throw new Error(`${file} failed without a failing test`);
}

/** What `jest --json` writes, as far as it is read here. */
interface Results {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}
