import { fstatSync } from 'node:fs';

/** @typedef {number | { readonly fd: number }} Descriptor */

/** What `measure/report-line.mjs` reads: what went one way, and how long it took. */
export class Meter {
  messages = 0;
  bytes = 0;
  fds = 0;
  #next;
  /** @type {number[]} */
  #edges;
  #clock;

  /** @param {number} warmup @param {number} count */
  constructor(warmup, count) {
    const edges = [1, warmup, ...marks(0, warmup), ...marks(warmup, count), warmup + count];
    this.#edges = [...new Set(edges)].sort((a, b) => b - a);
    this.#next = this.#edges.pop() ?? 1;
    this.#clock = new Clock(warmup, warmup + count);
  }

  get done() {
    return this.messages === this.#clock.total;
  }

  /**
   * Counts a message; its descriptors are still open. One comparison for most, since it is measured too.
   * @param {number} length @param {readonly Descriptor[]} fds
   */
  count(length, fds) {
    this.bytes += length;
    this.fds += fds.length;
    if (++this.messages !== this.#next) return;
    this.#next = this.#edges.pop() ?? -1;
    this.#clock.passed(this.messages, fds);
  }

  toJSON() {
    const { messages, bytes, fds } = this;
    return { messages, bytes, fds, ...this.#clock.toJSON() };
  }
}

/** After a thousandth, a hundredth and a tenth. @param {number} start @param {number} count */
function marks(start, count) {
  return [count / 1000, count / 100, count / 10].map((after) => start + Math.ceil(after));
}

/**
 * Reads the clocks. It does so in the warm-up as it does afterwards, and keeps what it writes apart from what each message
 * counts: where V8 meets something new, it throws away what it compiled, and the measurement would begin with slow code.
 */
class Clock {
  total;
  #warmup;
  #start = process.hrtime.bigint();
  #cpuStart = 0;
  #first = '';
  #last = '';
  #ns = 0;
  #cpu = 0;
  /** Nanoseconds after a thousandth, a hundredth, a tenth and all of the messages: [messages, ns]. @type {[number, number][]} */
  #marks = [];

  /** @param {number} warmup @param {number} total */
  constructor(warmup, total) {
    this.#warmup = warmup;
    this.total = total;
  }

  /** @param {number} messages @param {readonly Descriptor[]} fds */
  passed(messages, fds) {
    if (messages === 1) this.#first = identity(fds[0]);
    if (messages === this.total) this.#last = identity(fds.at(-1));
    this.#cpu = cpuTime() - this.#cpuStart;
    this.#ns = Number(process.hrtime.bigint() - this.#start);
    this.#marks.push([messages - this.#warmup, this.#ns]);
    if (messages === this.#warmup) this.#startOver();
  }

  #startOver() {
    this.#marks = [];
    this.#cpuStart = cpuTime();
    this.#start = process.hrtime.bigint();
  }

  toJSON() {
    return { first: this.#first, last: this.#last, ns: this.#ns, cpu: this.#cpu, marks: this.#marks };
  }
}

/** Nanoseconds. */
function cpuTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** @param {Descriptor | undefined} descriptor */
export function identity(descriptor) {
  if (descriptor === undefined) return '';
  const { dev, ino } = fstatSync(typeof descriptor === 'number' ? descriptor : descriptor.fd, { bigint: true });
  return `${dev}:${ino}`;
}
