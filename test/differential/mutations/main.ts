import { parseArgs } from 'node:util';
import { buildKernelCalls } from '../../kernel-calls/build';
import { MUTATIONS } from './all';
import { BrokenCopy } from './broken-copy';
import { type Bounds, judge, runTest, type Verdict } from './judge';
import type { Mutation } from './mutation';
import { table } from './table';

// Breaks the rules of the model one by one, and prints what notices: the tables of docs/kernel.md.
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3000' },
    seeds: { type: 'string', default: '1,2,3' },
    only: { type: 'string', default: '' },
  },
});

void main({ runs: Number(values.runs), seeds: values.seeds.split(',').map(Number) });

async function main(bounds: Bounds): Promise<void> {
  buildKernelCalls();
  using copy = new BrokenCopy();
  const chosen = [...MUTATIONS].map(([title, list]) => [title, list.filter(isChosen)] as const);
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

/** Those whose rule and words match the pattern that was asked for, such as `^17:`. */
function isChosen({ rule, broken }: Mutation): boolean {
  return new RegExp(values.only).test(`${rule}: ${broken}`);
}

/** A test that fails anyhow would notice everything. */
async function expectTestsToPass(copy: BrokenCopy, mutations: readonly Mutation[]): Promise<void> {
  const files = new Set(mutations.flatMap(({ test }) => test ?? []));
  for (const file of files) {
    const verdict = await runTest(copy, file);
    if (verdict.by === 'test') throw new Error(`${file} fails before anything is broken: ${verdict.title}`);
  }
}
