/**
 * What README says of reading, sending, codecs, RPC, connecting and listening, in one program for every runtime. It uses the
 * package as installed, and nothing of a test framework. Prints a line for each check, which also fails when it leaves a
 * descriptor open; exits with 1 if one failed.
 */
import { checks as connecting } from './connecting.mjs';
import { checks as descriptors } from './descriptors.mjs';
import { nothingLeft, openDescriptors } from './open-descriptors.mjs';
import { checks as reading } from './reading.mjs';
import { checks as sending } from './sending.mjs';
import { checks as workers } from './workers.mjs';

const WITHIN_MS = 60_000;

const checks = Object.entries({ ...reading, ...sending, ...connecting, ...descriptors, ...workers });
// Once beforehand: runtimes open descriptors of their own when they first need them, and keep them.
for (const [, check] of checks) await inTime(check).catch(() => undefined);

let failed = 0;
for (const [name, check] of checks) {
  try {
    const before = openDescriptors();
    await inTime(check);
    await nothingLeft(before);
    console.log(`ok ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}: ${error instanceof Error ? error.stack : String(error)}`);
  }
}
console.log(`${failed} failed`);
if (failed > 0) process.exitCode = 1;

/** @param {() => unknown} check */
async function inTime(check) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${WITHIN_MS} ms`)), WITHIN_MS);
  });
  try {
    await Promise.race([check(), late]);
  } finally {
    clearTimeout(timer);
  }
}
