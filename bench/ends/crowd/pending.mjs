// pending.mjs PATH SERVER PENDING FRAMES CONNECTIONS...: what it costs to read frames that wait, so many on each
// connection, from ever more connections.

import { writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { command, Counter, waitUntilDone } from './control.mjs';
import { servers } from './servers.mjs';

const [address = '', name = '', pending, measured, ...steps] = process.argv.slice(2);
const connections = new Counter();
const frames = new Counter();
await servers[name]?.(address, connections, frames);

let sent = 0;

/** Nanoseconds until all that was sent is read; sending itself does not count. */
async function readAll(/** @type {number} */ open) {
  command(open, Number(pending));
  waitUntilDone();
  sent += open * Number(pending);
  const start = process.hrtime.bigint();
  await frames.reaches(sent);
  return Number(process.hrtime.bigint() - start);
}

/** Nanoseconds for each frame. */
async function cost(/** @type {number} */ open) {
  const inOneGo = open * Number(pending);
  const rounds = Math.ceil(Number(measured) / inOneGo);
  let ns = 0;
  for (let round = 0; round < rounds; round++) {
    ns += await readAll(open);
    // What the loop put off, such as closing, is part of neither this round nor the next.
    await nextTurn();
  }
  return ns / (rounds * inOneGo);
}

/** @type {[number, number][]} */
const costs = [];
for (const step of steps) {
  const wanted = Number(step);
  command(wanted, 0);
  await connections.reaches(wanted);
  waitUntilDone();
  await cost(wanted);
  costs.push([wanted, await cost(wanted)]);
}
writeSync(
  1,
  `${JSON.stringify({ end: 'receiver', connections: connections.value, frames: frames.value, expected: sent, costs })}\n`,
);
process.exit();
