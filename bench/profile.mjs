// node bench/profile.mjs FILE.cpuprofile...: where the time of a process went, by function and by file. For profiles made
// with `npm run bench -- --profile DIR`. "(program)" is native code that V8 does not know, system calls above all.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ id: number, callFrame: { functionName: string, url: string, lineNumber: number } }} ProfileNode
 * @typedef {{ nodes: ProfileNode[], samples: number[], timeDeltas: number[] }} Profile
 */

const SHOWN = 30;
const ROOT = path.dirname(import.meta.dirname);

for (const file of process.argv.slice(2)) {
  /** @type {Profile} */
  const profile = JSON.parse(readFileSync(file, 'utf8'));
  const times = timesByNode(profile);
  // The beginning, with the compiler at work, and the end, waiting, say nothing: the middle is what is measured.
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  console.log(`${path.basename(file)}: ${(total / 1000).toFixed(0)} ms in the middle of it`);
  print('function', profile, times, total, ({ functionName, url, lineNumber }) =>
    url === '' ? functionName : `${functionName || '(anonymous)'} ${place(url)}:${lineNumber + 1}`,
  );
  print('file', profile, times, total, ({ functionName, url }) => (url === '' ? functionName : place(url)));
}

/**
 * Microseconds by node, between a quarter and nine tenths of the time.
 * @param {Profile} profile
 */
function timesByNode({ samples, timeDeltas }) {
  const end = timeDeltas.reduce((sum, delta) => sum + delta, 0);
  /** @type {Map<number, number>} */
  const times = new Map();
  let now = 0;
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0;
    now += delta;
    if (now < end * 0.25 || now > end * 0.9) continue;
    times.set(id, (times.get(id) ?? 0) + delta);
  }
  return times;
}

/**
 * @param {string} by @param {Profile} profile @param {Map<number, number>} times @param {number} total
 * @param {(frame: ProfileNode['callFrame']) => string} nameOf
 */
function print(by, { nodes }, times, total, nameOf) {
  /** @type {Map<string, number>} */
  const named = new Map();
  for (const { id, callFrame } of nodes) {
    const name = nameOf(callFrame);
    named.set(name, (named.get(name) ?? 0) + (times.get(id) ?? 0));
  }
  console.log(`  by ${by}:`);
  const sorted = [...named].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  for (const [name, time] of sorted) {
    if (time > 0) console.log(`    ${((100 * time) / total).toFixed(1).padStart(5)} %  ${name}`);
  }
}

/** @param {string} url */
function place(url) {
  return url.startsWith('file:')
    ? path.relative(ROOT, fileURLToPath(url))
    : url.startsWith('/')
      ? path.relative(ROOT, url)
      : url;
}
