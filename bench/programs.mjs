import { end } from './measure/tools.mjs';

/** @typedef {import('./measure/tools.mjs').Tools} Tools */
/** @typedef {import('./measure/tools.mjs').Tool} Tool */

/**
 * A program that does the works of the rows.
 * @typedef {object} Program
 * @property {(tools: Tools) => Tool} tool what it needs that may be missing
 * @property {(path: string, tools: Tools) => readonly string[]} command of one end; the end's arguments follow
 * @property {(path: string) => Readonly<Record<string, string>>} [environment]
 * @property {true} [forks] one end starts the other itself
 * @property {true} [losesDescriptors] it is known to; how many stands beside its figures
 */

/**
 * A program as a row measures it.
 * @typedef {object} Contender
 * @property {string} label how the row shows it
 * @property {Program} program
 * @property {string} [variant] which of its ways to do the work
 * @property {string} [needs] an ability that not every version of ancillary has
 * @property {number} [share] of the row's messages, for those that would take long
 */

const thisNode = () => ({ path: process.execPath, version: `Node ${process.version}` });
const PROFILE_MICROSECONDS = '200';

/** @type {Program} */
export const c = { tool: (tools) => tools.c, command: (path) => [path] };

/** Servers of many connections, and what they are asked for: see crowd.c. @type {Program} */
export const idleServer = { tool: thisNode, command: (node) => [node, '--expose-gc', end('crowd', 'idle.mjs')] };

/** @type {Program} */
export const pendingServer = { tool: thisNode, command: (node) => [node, end('crowd', 'pending.mjs')] };

/** @type {Program} */
export const cPendingServer = { tool: (tools) => tools.crowdServer, command: (path) => [path] };

/** @type {Program} */
export const go = { tool: (tools) => tools.go, command: (path) => [path] };

/** @type {Program} */
export const python = { tool: (tools) => tools.python, command: (path) => [path, end('ends.py')] };

/** @type {Program} */
export const ancillary = {
  tool: thisNode,
  command: (node, { profiles }) => [
    node,
    ...(profiles === undefined
      ? []
      : ['--cpu-prof', `--cpu-prof-dir=${profiles}`, '--cpu-prof-interval', PROFILE_MICROSECONDS]),
    end('ancillary.mjs'),
  ],
};

/** Calls with answers: see ends/rpc.mjs. @type {Program} */
export const rpcEnd = { tool: thisNode, command: (node) => [node, end('rpc.mjs')] };

/** @type {Program} */
export const netSocket = { tool: thisNode, command: (node) => [node, end('net.mjs')] };

/** dbus-native over a stream of one or the other: see ends/dbus.mjs. @type {Program} */
export const dbusNative = { tool: thisNode, command: (node) => [node, end('dbus.mjs')] };

/** Makes connections, and accepts them: see ends/connections.mjs. @type {Program} */
export const connector = { tool: thisNode, command: (node) => [node, end('connections.mjs')] };

/** Imports one module: see ends/import.mjs. @type {Program} */
export const importer = { tool: thisNode, command: (node) => [node, end('import.mjs')] };

/** @type {Program} */
export const childProcess = { tool: thisNode, command: (node) => [node, end('child-process.mjs')], forks: true };

/** @type {Program} */
export const usocket = {
  tool: (tools) => tools.usocket,
  command: () => [process.execPath, end('usocket.mjs')],
  environment: (folder) => ({ BENCH_USOCKET: folder }),
  losesDescriptors: true,
};

/** The least code that an addon can be: about how far JavaScript gets. @type {Program} */
export const bare = {
  tool: (tools) => tools.bare,
  command: () => [process.execPath, end('bare.mjs')],
  environment: (addon) => ({ BENCH_BARE: addon }),
};

/** Why a contender cannot take part; undefined when it can. @param {Contender} contender @param {Tools} tools */
export function whyMissing({ program, needs }, tools) {
  const tool = program.tool(tools);
  if ('missing' in tool) return tool.missing;
  return needs === undefined || tools.abilities.has(needs) ? undefined : 'not in this version';
}

/** @param {Program} program @param {Tools} tools @throws Error when it is missing */
export function found(program, tools) {
  const tool = program.tool(tools);
  if ('missing' in tool) throw new Error(tool.missing);
  return tool;
}
