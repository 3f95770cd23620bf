import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildKernelCalls } from '../kernel-calls/build';
import { describeDifference } from './compare';
import { type Counts, sum } from './counts';
import { searchInChild } from './search-in-child';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 0x7fff_ffff)}` },
    steps: { type: 'string', default: '60' },
  },
});

void main(Number(values.runs));

async function main(runs: number): Promise<void> {
  buildKernelCalls();
  console.log(`${runs} programs of up to ${values.steps} steps, --seed ${values.seed}`);
  const options = { seed: Number(values.seed), maxSteps: Number(values.steps) };
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
