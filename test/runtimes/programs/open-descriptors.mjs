import fs from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const TRIES = 200;

/**
 * What the process's descriptors are, each once. Without their numbers: Deno keeps the event loop of its last worker, and
 * each worker's has other numbers.
 */
export function openDescriptors() {
  return fs.readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [fs.readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // The one that lists them.
    }
  });
}

/** Waits until nothing more is open than before, for streams close theirs later. @param {readonly string[]} before */
export async function nothingLeft(before) {
  for (let tries = 0; ; tries++) {
    const left = openDescriptors();
    for (const each of before) {
      const at = left.indexOf(each);
      if (at !== -1) left.splice(at, 1);
    }
    if (left.length === 0) return;
    if (tries === TRIES) throw new Error(`left open: ${left.join(', ')}`);
    await delay(10);
  }
}
