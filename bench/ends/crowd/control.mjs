import { readSync, writeSync } from 'node:fs';

const CONTROL = 4;

/** Tells the crowd (crowd.c) how many connections to have and how many frames to send on each now. */
export function command(/** @type {number} */ connections, /** @type {number} */ frames) {
  const { buffer } = Uint32Array.of(connections, frames);
  writeSync(CONTROL, new Uint8Array(buffer));
}

/** Stands still until the crowd has done what it was sent, so that nothing is read meanwhile. */
export function waitUntilDone() {
  if (readSync(CONTROL, Buffer.alloc(1)) !== 1) throw new Error('the crowd is gone');
}

/** A number that goes up, and somebody who waits for it. */
export class Counter {
  value = 0;
  #wanted = Infinity;
  #reached = () => {};

  add(/** @type {number} */ more) {
    this.value += more;
    if (this.value >= this.#wanted) this.#reached();
  }

  /** @returns {Promise<void>} */
  reaches(/** @type {number} */ value) {
    if (this.value >= value) return Promise.resolve();
    this.#wanted = value;
    return new Promise((resolve) => {
      this.#reached = () => {
        this.#wanted = Infinity;
        resolve();
      };
    });
  }
}
