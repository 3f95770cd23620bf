import { found } from '../programs.mjs';
import { runPinned } from './launch.mjs';

const TIMEOUT_MS = 30_000;

/**
 * An import in a new process, in nanoseconds: how long it took, and when it was done, counted from the start of the process.
 * @typedef {{ took: number, ready: number }} Imported
 */

/**
 * Imports a module in so many new processes, one after the other, since a process imports it only once.
 * @param {import('../programs.mjs').Contender} contender its variant is one of ends/import.mjs
 * @param {number} starts
 * @param {import('./tools.mjs').Tools} tools
 */
export async function imports({ program, variant = '' }, starts, tools) {
  const { path: node } = found(program, tools);
  const command = [...program.command(node, tools), variant];
  /** @type {Imported[]} */
  const seen = [];
  while (seen.length < starts) {
    /** @type {Imported} */
    const imported = JSON.parse(await runPinned(command, { timeout: TIMEOUT_MS }));
    const { took, ready } = imported;
    if (!(took > 0 && took < ready)) throw new Error(`not what was to be done: ${took} ns, done after ${ready} ns`);
    seen.push(imported);
  }
  return seen;
}
