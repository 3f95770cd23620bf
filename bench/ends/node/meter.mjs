import { fstatSync } from 'node:fs';

/** @typedef {number | { readonly fd: number }} Descriptor */

/** What `measure/report-line.mjs` reads: what went one way, and how long it took. */
export class Meter {
  messages = 0;
  bytes = 0;
  fds = 0;
  /** Device and inode of the first descriptor, and of the last. */
  first = '';
  last = '';
  /** From the end of the warm-up to the last message; CPU time of this process, all of its threads. */
  ns = 0;
  cpu = 0;
  /** Nanoseconds after a thousandth, a hundredth, a tenth and all of the messages: [messages, ns]. @type {[number, number][]} */
  marks = [];
  #warmup;
  #total;
  /** @type {number[]} */
  #edges;
  #next = 1;
  #start = 0n;
  #cpuStart = 0;

  /** @param {number} warmup @param {number} count */
  constructor(warmup, count) {
    this.#warmup = warmup;
    this.#total = warmup + count;
    const marks = [count / 1000, count / 100, count / 10].map((after) => warmup + Math.ceil(after));
    this.#edges = [...new Set([1, warmup, ...marks, this.#total])].sort((a, b) => b - a);
    this.#next = this.#edges.pop() ?? 1;
  }

  get done() {
    return this.messages === this.#total;
  }

  /**
   * Counts a message; its descriptors are still open. One comparison for most, since it is measured too.
   * @param {number} length @param {readonly Descriptor[]} fds
   */
  count(length, fds) {
    this.bytes += length;
    this.fds += fds.length;
    if (++this.messages === this.#next) this.#edge(fds);
  }

  /** @param {readonly Descriptor[]} fds */
  #edge(fds) {
    const { messages } = this;
    this.#next = this.#edges.pop() ?? Infinity;
    if (messages === 1) this.first = identity(fds[0]);
    if (messages === this.#total) this.last = identity(fds.at(-1));
    if (messages > this.#warmup) {
      this.ns = Number(process.hrtime.bigint() - this.#start);
      this.marks.push([messages - this.#warmup, this.ns]);
    }
    if (messages === this.#warmup) {
      this.#cpuStart = cpuTime();
      this.#start = process.hrtime.bigint();
    } else if (messages === this.#total) this.cpu = cpuTime() - this.#cpuStart;
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
