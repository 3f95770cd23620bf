// How long peers that send without end keep others waiting. Run, after `npm run compile`:
//
//   node bench/fairness.mjs [--seconds 2]
//
// One process has a server, a timer of 10 ms and a quiet connection, which asks for one byte after the other. Another one
// floods the server: frames of 2 bytes, or bytes with 253 descriptors each. A row says by how much the timer was late, how long
// the quiet connection waited for its answers, and how many frames were read. `net` cuts the same frames with a parser of
// a few lines that awaits each of them, as `for await` does, and calls a function with each, as forEachFrame() does.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connect } from 'ancillary';
import { serve } from './fairness/servers.mjs';

const { seconds } = parseArgs({ options: { seconds: { type: 'string', default: '2' } } }).values;
const MEASURED_MS = Number(seconds) * 1000;
const TIMER_MS = 10;
const WARM_UP_MS = 500;

/** @typedef {import('./fairness/servers.mjs').Reader} Reader */
/** @typedef {'small' | 'descriptors'} Flood */

/** @type {{ flood: Flood, readers: Reader[] }[]} */
const CASES = [
  { flood: 'small', readers: ['net, for await', 'net, function', 'frames()', 'forEachFrame()'] },
  { flood: 'descriptors', readers: ['frames()', 'forEachFrame()'] },
];

const directory = mkdtempSync(path.join(tmpdir(), 'fairness-'));
console.log('flood        reader           peers    timer late, ms   round trip, ms    frames/s  processor time');
console.log('                                          p50     max      p50     max                per frame');
try {
  for (const { flood, readers } of CASES)
    for (const reader of readers) for (const peers of [0, 1, 20]) await measure(flood, reader, peers);
} finally {
  rmSync(directory, { recursive: true });
}

/** @param {Flood} flood @param {Reader} reader @param {number} peers */
async function measure(flood, reader, peers) {
  const address = path.join(directory, 'socket');
  const server = await serve(reader, address, flood === 'descriptors');
  const quiet = await connect(address);
  const flooder = peers > 0 ? await startFlooder(address, peers, flood) : undefined;
  await delay(WARM_UP_MS);
  const frames = server.frames();
  const cpu = process.cpuUsage();
  const began = performance.now();
  const [late, trips] = await Promise.all([timerLateness(began), roundTrips(quiet, began)]);
  const took = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  const count = server.frames() - frames;
  const cost = peers > 0 ? `${(((user + system) * 1000) / count).toFixed(0)} ns` : '';
  console.log(
    `${flood.padEnd(12)} ${reader.padEnd(16)} ${String(peers).padStart(5)} ${shown(late)} ${shown(trips)} ` +
      `${((count / took) * 1000).toFixed(0).padStart(11)}  ${cost}`,
  );
  if (flooder !== undefined) {
    flooder.kill();
    await once(flooder, 'exit');
  }
  quiet.destroy();
  await server.close();
}

/** @param {string} address @param {number} peers @param {Flood} flood */
async function startFlooder(address, peers, flood) {
  const flooder = fork(path.join(import.meta.dirname, 'fairness', 'flooder.mjs'), [address, String(peers), flood]);
  await once(flooder, 'message');
  return flooder;
}

/** By how many milliseconds each run of a timer was late. @param {number} began */
function timerLateness(began) {
  return new Promise((/** @type {(late: number[]) => void} */ resolve) => {
    /** @type {number[]} */
    const late = [];
    const next = () => {
      const due = performance.now() + TIMER_MS;
      setTimeout(() => {
        const now = performance.now();
        late.push(now - due);
        if (now - began < MEASURED_MS) next();
        else resolve(late);
      }, TIMER_MS);
    };
    next();
  });
}

/** How many milliseconds each answer took. @param {import('ancillary').FdSocket} socket @param {number} began */
async function roundTrips(socket, began) {
  /** @type {number[]} */
  const trips = [];
  while (performance.now() - began < MEASURED_MS) {
    const asked = performance.now();
    // The first byte says that an answer is wanted.
    socket.write(Buffer.from([0xff, 0]));
    await socket.receive(1);
    trips.push(performance.now() - asked);
    await delay(1);
  }
  return trips;
}

/** @param {number[]} times */
function shown(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return `${at(0.5).toFixed(1).padStart(7)} ${at(1).toFixed(1).padStart(7)} `;
}
