import { writeSync } from 'node:fs';
import { buildKernelCalls } from '../kernel-calls/build';
import { commandLine, count } from './command-line';
import { describeDifference } from './compare';
import { type Counts, sum } from './counts';
import { searchInChild } from './search-in-child';

interface Bounds {
  readonly runs: number;
  readonly seed: number;
  readonly maxSteps: number;
}

const bounds = commandLine(
  {
    runs: { default: '2000', means: 'how many programs' },
    seed: { default: `${Math.floor(Math.random() * 0x7fff_ffff)}`, means: 'which ones' },
    steps: { default: '60', means: 'how many steps each has at most' },
  },
  ({ runs, seed, steps }): Bounds => ({
    runs: count(runs, 'runs'),
    seed: count(seed, 'seed', 0),
    maxSteps: count(steps, 'steps'),
  }),
);

void main(bounds);

async function main({ runs, ...options }: Bounds): Promise<void> {
  buildKernelCalls();
  console.log(`${runs} programs of up to ${options.maxSteps} steps, --seed ${options.seed}`);
  const crowded = Math.floor(runs / 3);
  const ordinary = searchInChild({ ...options, kind: 'ordinary', runs: runs - crowded });
  // Only root can give the crowded programs a user of their own, whose descriptors in flight nobody else adds to.
  if (process.getuid?.() !== 0) await ordinary;
  const found = await Promise.all([ordinary, searchInChild({ ...options, kind: 'crowded', runs: crowded })]);
  print(sum(found.map(({ counts }) => counts)));
  for (const { difference, failure } of found) {
    if (difference === undefined && failure === undefined) continue;
    process.exitCode = 1;
    if (failure !== undefined) console.log(`\nA program failed:\n${failure}`);
    if (difference !== undefined) console.log(`\nThe model and the kernel differ:\n${describeDifference(difference)}`);
  }
  if (process.exitCode === undefined) console.log('no difference');
}

function print(counts: Counts): void {
  const width = Math.max(...Object.values(counts).map((count) => `${count}`.length));
  const byCount = Object.entries(counts).sort(([, a], [, b]) => b - a);
  for (const [what, count] of byCount) writeSync(1, `${`${count}`.padStart(width)} ${what}\n`);
}
