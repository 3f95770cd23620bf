import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildKernelCalls } from '../kernel-calls/build';
import type { Kind } from './arbitrary';
import { type Counts, sum } from './counts';
import type { Found } from './search';

const RUN_TYPESCRIPT = path.join(__dirname, '../support/run-typescript.js');
const SEARCHER = path.join(__dirname, 'searcher.ts');

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
  const crowded = Math.floor(runs / 3);
  const ordinary = start('ordinary', runs - crowded);
  // Only root can give the crowded programs a user of their own, whose descriptors in flight nobody else adds to.
  if (process.getuid?.() !== 0) await ordinary;
  const found = await Promise.all([ordinary, start('crowded', crowded)]);
  print(sum(found.map(({ counts }) => counts)));
  for (const { difference } of found) {
    if (difference === undefined) continue;
    process.exitCode = 1;
    console.log(`\nThe model and the kernel differ:\n${difference}`);
  }
  if (process.exitCode === undefined) console.log('no difference');
}

/** In a process of its own, where nothing else opens descriptors. */
async function start(kind: Kind, runs: number): Promise<Found> {
  const { seed, steps } = values;
  const args = ['--kind', kind, '--runs', `${runs}`, '--seed', seed, '--steps', steps];
  const child = spawn(process.execPath, ['--require', RUN_TYPESCRIPT, SEARCHER, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the search of ${kind} programs ended with ${code}`);
  return JSON.parse(output) as Found;
}

function print(counts: Counts): void {
  const width = Math.max(...Object.values(counts).map((count) => `${count}`.length));
  const byCount = Object.entries(counts).sort(([, a], [, b]) => b - a);
  for (const [what, count] of byCount) writeSync(1, `${`${count}`.padStart(width)} ${what}\n`);
}
