// What deadlines cost where many sockets wait. Run, after `npm run compile`:
//
//   node --expose-gc bench/deadlines.mjs
//
// 10,000 sockets, in pairs. Each has a part of a frame and waits for the rest, of which a byte comes in each of some rounds. `setTimeout()` of a socket is one timer of Node for each, which every byte sets back with refresh(): so it
// stands for deadlines that are made like that. Each way runs in a process of its own, three times; the median counts.

import { execFileSync } from 'node:child_process';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { socketpair } from 'ancillary';
import { delimited } from 'ancillary/codec';

const SOCKETS = 10_000;
const ROUNDS = 10;
const WAIT_MS = 8_000;
const DEADLINE_MS = 60_000;
const REPEATS = 3;
const BYTE = Buffer.from([1]);
const WAYS = ['none', 'frameTimeout', 'setTimeout()'];

const [way] = process.argv.slice(2);
if (way === undefined) compare();
else console.log(JSON.stringify(await measure(way)));

function compare() {
  console.log('deadline        bytes a socket   a byte that comes, µs   8 s of waiting, ms');
  for (const each of WAYS) {
    const runs = Array.from({ length: REPEATS }, () =>
      JSON.parse(
        execFileSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), each], { encoding: 'utf8' }),
      ),
    );
    const median = (/** @type {string} */ name) => runs.map((run) => run[name]).sort((a, b) => a - b)[1];
    console.log(
      `${each.padEnd(14)} ${median('memory').toFixed(0).padStart(15)} ${median('arrival').toFixed(2).padStart(23)} ` +
        median('waiting').toFixed(1).padStart(20),
    );
  }
}

/** @param {string} deadline */
async function measure(deadline) {
  const options = deadline === 'frameTimeout' ? { frameTimeout: DEADLINE_MS } : {};
  const sockets = Array.from({ length: SOCKETS / 2 }, () => socketpair(options)).flat();
  const codec = delimited();
  for (const socket of sockets) void socket.frames(codec).next();
  const before = memory();
  if (deadline === 'setTimeout()') for (const socket of sockets) socket.setTimeout(DEADLINE_MS);
  await sendToAll(sockets);
  const after = memory();
  const arriving = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) await sendToAll(sockets);
  const arrived = process.cpuUsage(arriving);
  const waiting = process.cpuUsage();
  await delay(WAIT_MS);
  const waited = process.cpuUsage(waiting);
  for (const socket of sockets) socket.destroy();
  return {
    memory: (after - before) / SOCKETS,
    arrival: (arrived.user + arrived.system) / (ROUNDS * SOCKETS),
    waiting: (waited.user + waited.system) / 1000,
  };
}

/** A byte from each socket to the other of its pair; none is the newline at which a frame ends. */
async function sendToAll(/** @type {import('ancillary').FdSocket[]} */ sockets) {
  const received = sockets.map((socket) => socket.stats.bytesRead);
  for (const socket of sockets) socket.write(BYTE);
  for (const [index, socket] of sockets.entries()) {
    while (socket.stats.bytesRead === received[index]) await nextTurn();
  }
}

function memory() {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
