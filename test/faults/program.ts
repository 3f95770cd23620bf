import { readFileSync, writeSync } from 'node:fs';
import { AncillaryError } from '../../packages/ancillary';
import { differencesAfterSettling, openDescriptors } from '../support/descriptors';
import { show } from './calls';
import { Control } from './control';
import { exchange } from './exchange';
import type { Case } from './fault-table';

/*
 * Runs in a Node of its own, with shim.c before libc: exchanges, each with one of the faults that its input lists, and prints a
 * line for each fault. Arguments: the file of the shim, a path to listen at, the file with the faults.
 */

export interface Report {
  readonly fired: number;
  /** What was wrong; empty where all was right. */
  readonly wrong: readonly string[];
  /** The codes of what the program was told. */
  readonly codes: readonly string[];
}

const [, , controlFile = '', path = '', casesFile] = process.argv;
const HANGS_MS = 20_000;
let uncaught: string[] = [];
let running = 'nothing';

process.on('uncaughtException', (error) => uncaught.push(`uncaught: ${error.stack ?? error.message}`));
process.on('unhandledRejection', (reason) => uncaught.push(`unhandled: ${String(reason)}`));
process.on('warning', (warning) => uncaught.push(`warning: ${warning.message}`));
process.on('beforeExit', () => {
  writeSync(2, `nothing more can happen, and a promise is pending: ${running}\n`);
  process.exit(2);
});

/** Whether an error says by its code what happened: ours, a system call's, or Node's own. */
function isTyped(error: unknown): boolean {
  if (error instanceof AncillaryError) return error.code.startsWith('ERR_');
  if (!(error instanceof Error)) return false;
  if (error.name === 'AbortError') return true;
  // Of `using`, where closing fails after something else did.
  if ('suppressed' in error && 'error' in error) return isTyped(error.error) && isTyped(error.suppressed);
  if (!('code' in error) || typeof error.code !== 'string') return false;
  if (error.code.startsWith('ERR_')) return true;
  return 'errno' in error && typeof error.errno === 'number' && error.errno < 0 && 'syscall' in error;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.name;
}

async function run(control: Control, fault: Case | undefined): Promise<Report & { calls: [string, number][] }> {
  running = fault === undefined ? 'no fault' : show(fault);
  uncaught = [];
  const wrong: string[] = [];
  const before = openDescriptors();
  const watchdog = setTimeout(() => {
    writeSync(2, `still running: ${running}\n`);
    process.exit(3);
  }, HANGS_MS);
  control.start(fault);
  let errors: unknown[] = [];
  try {
    errors = await exchange(path);
  } catch (error) {
    wrong.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const { fired, badCloses, calls } = control.stop();
  wrong.push(...(await differencesAfterSettling(before)));
  clearTimeout(watchdog);
  if (badCloses > 0) wrong.push(`${badCloses} closes of numbers that were not open`);
  for (const error of errors)
    if (!isTyped(error)) wrong.push(`not typed: ${error instanceof Error ? error.stack : String(error)}`);
  if ((fault === undefined || fault.harmless) && errors.length > 0 && fault?.call !== 'accept4')
    wrong.push(`did not go through: ${errors.map((e) => (e instanceof Error ? e.message : String(e))).join(', ')}`);
  return { fired, wrong: [...wrong, ...uncaught], codes: errors.map(codeOf), calls: [...calls] };
}

async function main(): Promise<void> {
  using control = new Control(controlFile);
  // What is opened once, and compiled, is no matter of a fault.
  for (let warm = 0; warm < 3; warm++) await run(control, undefined);
  const none = await run(control, undefined);
  writeSync(1, `${JSON.stringify(none)}\n`);
  const cases = casesFile === undefined ? [] : (JSON.parse(readFileSync(casesFile, 'utf8')) as Case[]);
  for (const fault of cases) {
    const { fired, wrong, codes } = await run(control, fault);
    writeSync(1, `${JSON.stringify({ fired, wrong, codes })}\n`);
  }
  process.exit(0);
}

void main();
