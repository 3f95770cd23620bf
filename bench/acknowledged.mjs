// What acknowledgements cost. Run, after `npm run compile`:
//
//   node bench/acknowledged.mjs [--seconds 0.4]
//
// A process sends messages of 64 bytes to itself by framed() with lengthPrefixed(), without a descriptor and with one, as they
// are, and with acknowledgements and a window of 64 and of 1. Of the promises of send(), 128 wait at once. The ways take turns,
// in each of some rounds; the medians count, and a ratio is taken within its round.

import { parseArgs } from 'node:util';
import { fds, OwnedFd, socketpair } from 'ancillary';
import { lengthPrefixed } from 'ancillary/codec';
import { framed } from 'ancillary/rpc';

const { seconds } = parseArgs({ options: { seconds: { type: 'string', default: '0.4' } } }).values;
const MEASURED_MS = Number(seconds) * 1000;
const WARM_UP_MS = MEASURED_MS / 2;
const ROUNDS = 3;
const UNSETTLED = 128;
const BYTES = Buffer.alloc(64, 'x');

/** @typedef {{ name: string, acknowledge: false | { window: number } }} Way */

/** @type {Way[]} */
const WAYS = [
  { name: 'none', acknowledge: false },
  { name: 'window 64', acknowledge: { window: 64 } },
  { name: 'window 1', acknowledge: { window: 1 } },
];

const memory = fds.memfd('sent');
console.log('acknowledgements   descriptors   messages/s   of none   processor time, µs   of none');
for (const count of [0, 1]) {
  /** @type {{ rate: number, cost: number }[][]} */
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const results = [];
    for (const way of WAYS) results.push(await measure(way, count));
    rounds.push(results);
  }
  for (const [index, { name }] of WAYS.entries()) {
    const of = (/** @type {'rate' | 'cost'} */ figure) => median(rounds.map((each) => each[index]?.[figure] ?? NaN));
    const ratio = (/** @type {'rate' | 'cost'} */ figure) =>
      median(rounds.map((each) => (each[index]?.[figure] ?? NaN) / (each[0]?.[figure] ?? NaN)));
    console.log(
      `${name.padEnd(16)} ${String(count).padStart(13)} ${of('rate').toFixed(0).padStart(12)} ` +
        `${ratio('rate').toFixed(2).padStart(9)} ${of('cost').toFixed(1).padStart(20)} ${ratio('cost').toFixed(2).padStart(9)}`,
    );
  }
}
memory.close();

/** @param {Way} way @param {number} count */
async function measure({ acknowledge }, count) {
  const [left, right] = socketpair();
  const codec = lengthPrefixed({ acknowledge });
  const sending = framed(left, codec);
  const receiving = framed(right, codec);
  const message = { bytes: BYTES, fds: Array.from({ length: count }, () => memory) };
  let received = 0;
  const taken = (async () => {
    for await (const { fds: came } of receiving) {
      received++;
      OwnedFd.closeAll(came);
    }
  })();
  let goesOn = true;
  const senders = Array.from({ length: UNSETTLED }, async () => {
    while (goesOn) await sending.send(message);
  });
  await passed(WARM_UP_MS);
  const before = received;
  const cpu = process.cpuUsage();
  const began = performance.now();
  await passed(MEASURED_MS);
  const took = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  const messages = received - before;
  goesOn = false;
  await Promise.all(senders);
  await sending.close();
  await taken;
  await receiving.close();
  return { rate: (messages / took) * 1000, cost: (user + system) / messages };
}

/** @param {number} milliseconds */
function passed(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
