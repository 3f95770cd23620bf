import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { PUMP_SOURCES } from './pump-sources';

/*
 * npm run fuzz -- --seconds N: builds the two targets with clang, libFuzzer and the sanitizers, and runs each for so long, from
 * the seeds that are here. A failing input is left in the directory that is named then; give it as the target's argument.
 */

const ROOT = path.resolve(__dirname, '../..');
const FLAGS =
  '-std=c++17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -Wall -Wextra -Werror -pthread';
interface Target {
  readonly name: string;
  /** Where the headers are, and the sources beside its own. */
  readonly directory: string;
  readonly sources: readonly string[];
  readonly mostBytes: number;
}

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, only: { type: 'string' }, corpus: { type: 'string' } },
});
const work = mkdtempSync(path.join(tmpdir(), 'ancillary-fuzz-'));

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, error, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 30 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} failed in ${cwd}:\n${stderr.slice(-10_000)}`);
  return stderr;
}

/** A directory with the parser, and in place of the ledger one that closes nothing. */
function parserAlone(): string {
  const directory = path.join(work, 'parser');
  mkdirSync(directory);
  for (const file of ['control_message.cc', 'control_message.h'])
    symlinkSync(path.join(ROOT, 'native', file), path.join(directory, file));
  symlinkSync(path.join(__dirname, 'control/ledger.h'), path.join(directory, 'ledger.h'));
  return directory;
}

function fuzz({ name, directory, sources, mostBytes }: Target): void {
  const program = path.join(work, name);
  const files = [path.join(__dirname, `${name}.cc`), ...sources.map((file) => path.join(directory, `${file}.cc`))];
  run('clang++', [...FLAGS.split(' '), '-I', directory, '-o', program, ...files], work);
  const corpus = values.corpus === undefined ? path.join(work, `${name}-corpus`) : path.join(values.corpus, name);
  mkdirSync(corpus, { recursive: true });
  const seeds = readFileSync(path.join(__dirname, 'seeds', `${name}.txt`), 'utf8').split('\n');
  for (const [index, seed] of seeds.entries())
    writeFileSync(path.join(corpus, `seed-${index}`), Buffer.from(seed, 'hex'));
  const told = run(
    program,
    [`-max_total_time=${values.seconds}`, `-max_len=${mostBytes}`, '-print_final_stats=1', '-timeout=60', corpus],
    work,
  );
  const figure = (pattern: RegExp): string => [...told.matchAll(pattern)].at(-1)?.[1] ?? '?';
  const executions = figure(/stat::number_of_executed_units:\s*(\d+)/g);
  console.log(`${name}: ${executions} executions, ${figure(/cov: (\d+)/g)} edges, ${figure(/ft: (\d+)/g)} features`);
}

const targets: readonly Target[] = [
  { name: 'control_message', directory: parserAlone(), sources: ['control_message'], mostBytes: 6_000 },
  { name: 'receive_pump', directory: path.join(ROOT, 'native'), sources: PUMP_SOURCES, mostBytes: 2_000 },
];
for (const target of targets) if (values.only === undefined || values.only === target.name) fuzz(target);
// Kept where something failed.
rmSync(work, { recursive: true });
