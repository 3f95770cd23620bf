import { openSync, writeSync } from 'node:fs';
import { Meter } from './meter.mjs';

/** One end of a measurement, as its arguments describe it: END WORK WARMUP COUNT SIZE FDS FIRST LAST VARIANT. */
export class End {
  /** @type {string} */ name;
  /** @type {string} */ work;
  /** @type {string} */ variant;
  /** Bytes of a message on the wire. */
  size;
  /** Messages in all. */
  total;
  /** Messages after the warm-up. */
  count;
  sent;
  received;
  /** Where to listen, and to connect to. */
  address;
  /** What all messages but the last one carry. @type {readonly number[]} */
  fds;
  /** What the last one carries. @type {readonly number[]} */
  lastFds;

  /** @param {readonly string[]} args */
  constructor([name = '', work = '', warmup, count, size, fds, first = '', last = '', variant = '']) {
    this.name = name;
    this.work = work;
    this.variant = variant;
    this.size = Number(size);
    this.count = Number(count);
    this.total = Number(warmup) + this.count;
    this.sent = new Meter(Number(warmup), this.count);
    this.received = new Meter(Number(warmup), this.count);
    this.address = `${first}.socket`;
    const [usual, final] = [first, last].map((path) => openSync(path, 'r'));
    this.fds = Array(Number(fds)).fill(usual);
    this.lastFds = Array(Number(fds)).fill(final);
  }

  get isSender() {
    return this.name === 'sender';
  }

  /** The descriptors of the next message to send. */
  get nextFds() {
    return this.sent.messages === this.total - 1 ? this.lastFds : this.fds;
  }

  /** @param {object} more what this end has to say besides its counts */
  report(more = {}) {
    const line = { end: this.name, ...more };
    if (this.sent.messages > 0) Object.assign(line, { sent: this.sent });
    if (this.received.messages > 0) Object.assign(line, { received: this.received });
    writeSync(1, `${JSON.stringify(line)}\n`);
  }
}

export const end = new End(process.argv.slice(2));
