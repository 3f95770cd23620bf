import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { allCases, selection } from './fault-table';
import { countCalls, runFaults } from './run-faults';

/*
 * npm run test:faults: exchanges under the selection of faults that the tests run; with --all under every fault at every
 * system call, and with --call NAME only under those of one call.
 */

const { values } = parseArgs({ options: { all: { type: 'boolean', default: false }, call: { type: 'string' } } });
const directory = mkdtempSync(path.join(tmpdir(), 'ancillary-faults-'));
process.env['ANCILLARY_TEST_DIRECTORY'] = directory;

async function main(): Promise<void> {
  const calls = await countCalls();
  const all = allCases(calls).filter(({ call }) => values.call === undefined || call === values.call);
  const cases = values.all || values.call !== undefined ? all : selection(all);
  const { failures, struck } = await runFaults(cases);
  for (const { fault, wrong } of failures) console.error(`${fault}\n  ${wrong.join('\n  ')}`);
  const made = [...calls.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${made} system calls; ${cases.length} faults, of which ${struck} struck; ${failures.length} failures`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

void main().finally(() => rmSync(directory, { recursive: true, force: true }));
