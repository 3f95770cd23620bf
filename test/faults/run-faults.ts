import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compileC, runDirectory, start } from '../support/children';
import { plainProgram } from '../support/plain-javascript';
import { type CallName, show } from './calls';
import { Control } from './control';
import type { Case } from './fault-table';
import type { Report } from './program';
import { SHIM_FLAGS, shimSource } from './shim';

/** What went wrong under one fault. */
export interface Failure {
  readonly fault: string;
  readonly wrong: readonly string[];
}

export interface Result {
  readonly failures: readonly Failure[];
  /** How many faults struck: others come after the last call of their name, which differ a little from run to run. */
  readonly struck: number;
}

/** Runs an exchange with each of the faults, in one process; in another from where it ended on, if it does. */
export async function runFaults(cases: readonly Case[]): Promise<Result> {
  const failures: Failure[] = [];
  let struck = 0;
  for (let done = 0; done < cases.length;) {
    const rest = cases.slice(done);
    const { reports, ended } = await exchanges(rest);
    for (const [index, { fired, wrong }] of reports.entries()) {
      if (fired > 0) struck++;
      const fault = rest[index];
      if (fault !== undefined && wrong.length > 0) failures.push({ fault: show(fault), wrong });
    }
    done += reports.length;
    const last = cases[done];
    if (last === undefined) break;
    failures.push({ fault: show(last), wrong: [ended] });
    done++;
  }
  return { failures, struck };
}

/** How often an exchange without a fault makes each call. */
export async function countCalls(): Promise<ReadonlyMap<CallName, number>> {
  const { first, ended } = await exchanges([]);
  if (first === undefined || first.wrong.length > 0)
    throw new Error(`an exchange without a fault fails: ${first?.wrong.join('\n') ?? ended}`);
  return new Map(first.calls);
}

interface Exchanges {
  readonly first: (Report & { calls: [CallName, number][] }) | undefined;
  readonly reports: readonly Report[];
  readonly ended: string;
}

async function exchanges(cases: readonly Case[]): Promise<Exchanges> {
  const directory = mkdtempSync(path.join(runDirectory(), 'faults-'));
  try {
    const [control, address, list] = ['control', 'socket', 'cases'].map((name) => path.join(directory, name));
    if (control === undefined || address === undefined || list === undefined) throw new Error('three names');
    Control.make(control);
    writeFileSync(list, JSON.stringify(cases));
    const program = plainProgram('test/faults/program.ts', 'test/support');
    const env = { LD_PRELOAD: compileC(shimSource(), SHIM_FLAGS), ANCILLARY_FAULTS: control, NODE_EXTRA_CA_CERTS: '' };
    const { code, signal, stdout, stderr } = await start(process.execPath, [program], {
      args: [control, address, list],
      env,
    }).finished;
    const [first, ...reports] = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Report);
    return { first: first as Exchanges['first'], reports, ended: `ended with ${code ?? signal}: ${stderr}` };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
