// What it costs to watch over each descriptor, lest it be forgotten open. Run, after `npm run compile`:
//
//   node --expose-gc bench/leak-net.mjs
//
// An OwnedFd is made and closed within one turn of the event loop, or with a turn between the two, or after so many others
// that it is registered. The net has no switch, so a class that only keeps the number stands for "without". The last column is relative to
// duplicating and closing a real descriptor.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { fds, OwnedFd } from 'ancillary';

const BATCH = 256;
/** So many at once that the net registers them. */
const MANY = 8192;
const TOTAL = 102_400;
const REPEATS = 15;

/** A table that does nothing, so that the net is all that is measured. */
const table = {
  own() {},
  disown() {},
  close() {},
  closeAll() {},
  dup: () => 0,
  remember() {},
  closeForgotten: () => false,
  lostCount: 0,
  noticeLost: () => 0,
  isLost: () => false,
  isOpen: () => true,
  describe: () => '',
};

class Unwatched {
  #fd;
  #table;

  /** @param {number} fd @param {typeof table} to */
  constructor(fd, to) {
    this.#fd = fd;
    this.#table = to;
  }

  close() {
    if (this.#fd === -1) return;
    this.#fd = -1;
    this.#table.close();
  }
}

const [pipeEnd, otherEnd] = fds.pipe();
const unwatched = () => new Unwatched(1, table);
/** For the package alone, and so not among its types. */
const internal = /** @type {{ ofLedger(fd: number, of: typeof table): OwnedFd }} */ (/** @type {unknown} */ (OwnedFd));
const watched = () => internal.ofLedger(1, table);
const real = () => pipeEnd.dup();

/** @type {{ name: string, create: () => { close(): void }, survive: boolean, batch?: number, times: number[] }[]} */
const cases = [
  { name: 'dup(2) and close(2) with the net, within the turn', create: real, survive: false, times: [] },
  { name: 'dup(2) and close(2) with the net, a turn later', create: real, survive: true, times: [] },
  { name: 'without the net, closed within the turn', create: unwatched, survive: false, times: [] },
  { name: 'with the net, closed within the turn', create: watched, survive: false, times: [] },
  { name: 'without the net, closed a turn later', create: unwatched, survive: true, times: [] },
  { name: 'with the net, closed a turn later', create: watched, survive: true, times: [] },
  { name: 'without the net, many at once', create: unwatched, survive: true, batch: MANY, times: [] },
  { name: 'with the net, many at once: registered', create: watched, survive: true, batch: MANY, times: [] },
];

/**
 * Nanoseconds for each descriptor.
 * @param {() => { close(): void }} create
 * @param {boolean} survive whether a turn of the event loop passes before they are closed
 * @param {number} batch how many are open at once
 */
async function measure(create, survive, batch) {
  globalThis.gc?.();
  const start = process.hrtime.bigint();
  for (let round = 0; round < TOTAL / batch; round++) {
    const owned = Array.from({ length: batch }, create);
    if (survive) await nextTurn();
    for (const each of owned) each.close();
    if (!survive) await nextTurn();
  }
  return Number(process.hrtime.bigint() - start) / TOTAL;
}

// In turn, so that whatever else the machine does hits all of them; the first run of each is for the compiler.
for (let repeat = 0; repeat <= REPEATS; repeat++) {
  for (const { create, survive, batch = BATCH, times } of cases) {
    const time = await measure(create, survive, batch);
    if (repeat > 0) times.push(time);
  }
}
pipeEnd.close();
otherEnd.close();

/** @param {number[]} times */
const median = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? NaN;
const base = median(cases[0]?.times ?? []);
console.log(`Node ${process.version}; for one descriptor, the median of ${REPEATS} runs of ${TOTAL}`);
for (const { name, times } of cases) {
  const time = median(times);
  console.log(`${name.padEnd(50)} ${time.toFixed(0).padStart(6)} ns ${(time / base).toFixed(2).padStart(7)}`);
}
