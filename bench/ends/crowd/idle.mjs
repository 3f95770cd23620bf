// idle.mjs PATH SERVER FEW MANY: the memory of connections over which one frame came, and nothing since.

import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, Counter, waitUntilDone } from './control.mjs';
import { servers } from './servers.mjs';

const SETTLING_TURNS = 5;
const SETTLING_MS = 50;
const WATCHED_MS = 500;

const [address = '', name = '', few, many] = process.argv.slice(2);
const connections = new Counter();
const frames = new Counter();
await servers[name]?.(address, connections, frames);

let framesSent = 0;
const rss = [];
for (const wanted of [Number(few), Number(many)]) {
  command(wanted, 0);
  await connections.reaches(wanted);
  waitUntilDone();
  framesSent += wanted;
  command(wanted, 1);
  waitUntilDone();
  await frames.reaches(framesSent);
  for (let turn = 0; turn < SETTLING_TURNS; turn++) {
    globalThis.gc?.();
    await sleep(SETTLING_MS);
  }
  rss.push(process.memoryUsage.rss());
}

const before = process.resourceUsage();
await sleep(WATCHED_MS);
const after = process.resourceUsage();
const idle = {
  rss,
  // Beside that of the sleep itself.
  wakeUps: after.voluntaryContextSwitches - before.voluntaryContextSwitches - 1,
  cpu: (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) * 1000,
};
writeSync(
  1,
  `${JSON.stringify({ end: 'receiver', connections: connections.value, frames: frames.value, expected: framesSent, idle })}\n`,
);
process.exit();
