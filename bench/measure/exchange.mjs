import { found } from '../programs.mjs';
import { runPinned } from './launch.mjs';
import { SECOND } from './processors.mjs';
import { parseReports } from './report-line.mjs';
import { verify } from './verify.mjs';

/**
 * What two ends do with each other.
 * @typedef {object} Work
 * @property {'flood' | 'stream' | 'echo' | 'call' | 'large' | 'connections' | 'burst'} kind
 * @property {number} size bytes of a message
 * @property {number} fds descriptors of a message
 * @property {number} warmup messages before the clock starts
 * @property {number} count messages while it runs
 * @property {true} [apart] the receiver is on the second processor
 */

const TIMEOUT_MS = 120_000;
const FEWEST_WARMUP = 2;
const FEWEST = 10;

/**
 * Less of the same work.
 * @param {Work} work @param {number} share
 */
export function scaled(work, share) {
  return {
    ...work,
    warmup: Math.max(FEWEST_WARMUP, Math.round(work.warmup * share)),
    count: Math.max(FEWEST, Math.round(work.count * share)),
  };
}

/**
 * Has two ends of a contender do a work, and makes sure that they did it.
 * @param {Work} work
 * @param {import('../programs.mjs').Contender} contender
 * @param {import('./tools.mjs').Tools} tools
 * @param {{ timeout?: number, env?: Readonly<Record<string, string>> }} [options]
 * @throws Error when they fail, or did anything else than they were to
 */
export async function exchange(work, { program, variant = '' }, tools, { timeout = TIMEOUT_MS, env = {} } = {}) {
  const { path } = found(program, tools);
  const { kind, warmup, count, size, fds, apart = false } = work;
  const of = (/** @type {string} */ name) => [
    ...program.command(path, tools),
    ...[name, kind, warmup, count, size, fds, ...tools.files, variant].map(String),
  ];
  const elsewhere = apart ? ['taskset', '-c', String(SECOND)] : [];
  const both = program.forks ? of('sender') : [...of('sender'), '--', ...elsewhere, ...of('receiver')];
  const environment = { ...program.environment?.(path), ...env };
  const ends = parseReports(await runPinned([tools.pair, ...both], { timeout, env: environment }));
  return { ends, loss: verify(ends, work, program.losesDescriptors ?? false) };
}
