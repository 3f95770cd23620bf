import { buildKernelCalls } from '../../kernel-calls/build';
import { commandLine, count } from '../command-line';
import { MUTATIONS } from './all';
import { BrokenCopy } from './broken-copy';
import { type Bounds, judge, runTest, type Verdict } from './judge';
import type { Mutation } from './mutation';
import { table } from './table';

// Breaks the rules of the model one by one, and prints what notices: the tables of docs/kernel.md.
const bounds = commandLine(
  {
    runs: { default: '3000', means: 'how many programs from each seed' },
    seeds: { default: '1,2,3', means: 'which ones, with commas between' },
    only: { default: '', means: 'a pattern of rules, and of how they are broken, such as ^17:' },
  },
  ({ runs, seeds, only }) => ({
    runs: count(runs, 'runs'),
    seeds: seeds.split(',').map((seed) => count(seed, 'seeds', 0)),
    chosen: choose(new RegExp(only)),
  }),
);

void main(bounds);

async function main({ chosen, ...bounds }: Bounds & { readonly chosen: readonly Chapter[] }): Promise<void> {
  buildKernelCalls();
  using copy = new BrokenCopy();
  await expectTestsToPass(
    copy,
    chosen.flatMap(([, list]) => list),
  );
  for (const [title, list] of chosen) {
    const rows: [Mutation, Verdict][] = [];
    for (const mutation of list) {
      const verdict = await judge(copy, mutation, bounds);
      console.error(`${verdict.by}: ${mutation.rule}, ${mutation.broken}`);
      if (verdict.by === 'nothing') {
        process.exitCode = 1;
        console.error(verdict.failure ?? 'It survived.');
      }
      rows.push([mutation, verdict]);
    }
    if (rows.length > 0) console.log(`### ${title}\n\n${table(rows)}`);
  }
}

type Chapter = readonly [title: string, list: readonly Mutation[]];

/** Those whose rule and words match a pattern. @throws RangeError when there are none */
function choose(pattern: RegExp): readonly Chapter[] {
  const chosen = [...MUTATIONS].map(
    ([title, list]) => [title, list.filter(({ rule, broken }) => pattern.test(`${rule}: ${broken}`))] as const,
  );
  if (chosen.some(([, list]) => list.length > 0)) return chosen;
  throw new RangeError(`--only ${pattern.source} matches no rule`);
}

/** A test that fails anyhow would notice everything. */
async function expectTestsToPass(copy: BrokenCopy, mutations: readonly Mutation[]): Promise<void> {
  const files = new Set(mutations.flatMap(({ test }) => test ?? []));
  for (const file of files) {
    const verdict = await runTest(copy, file);
    if (verdict.by === 'test') throw new Error(`${file} fails before anything is broken: ${verdict.title}`);
  }
}
