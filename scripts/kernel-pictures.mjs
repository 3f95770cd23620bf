/**
 * The programs whose timelines are the pictures of docs/kernel.md. They run on the model of the kernel, from its sources:
 * nothing has to be built.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
require('../test/support/run-typescript.js');

/** @type {typeof import('../packages/binding-model/kernel/index.js')} */
const { drawTimeline, KernelModel, MSG_OOB } = require('../packages/binding-model/kernel');
/** @type {typeof import('../packages/codec/index.js')} */
const { lengthPrefixed } = require('../packages/codec');

/** @typedef {import('../packages/binding-model/kernel/index.js').TraceEvent} TraceEvent */

/** Room for as many descriptors as one sendmsg can carry. */
const ENOUGH = 1040;
/** CMSG_SPACE(4), which lets two through. */
const ONE_FD_ROUNDED_UP = 24;

/** Two connected sockets on a new model, each in a process of its own. */
class Pair {
  /** @type {TraceEvent[]} */
  events = [];
  from = -1;
  to = -1;

  /** @param {import('../packages/binding-model/kernel/index.js').KernelModelOptions} [options] */
  constructor(options) {
    const model = new KernelModel({ ...options, trace: (event) => this.events.push(event) });
    this.sender = model.process();
    this.receiver = model.process();
    this.connect();
  }

  /** Connects two new sockets, which are used from now on. */
  connect() {
    [this.from, this.to] = this.sender.socketpair('stream', this.receiver);
  }

  /**
   * @param {string | Uint8Array} data
   * @param {readonly string[]} [names] of files, to open and to send
   * @param {number} [flags]
   */
  send(data, names = [], flags = 0) {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    const fds = names.map((name) => this.sender.open(name));
    const sent = this.sender.sendmsg(this.from, { bytes, fds: [fds], flags });
    for (const fd of fds) this.sender.close(fd);
    return sent;
  }

  /**
   * @param {number} size
   * @param {number} [controlLength]
   */
  receive(size, controlLength = ENOUGH) {
    this.receiver.recvmsg(this.to, { size, controlLength });
  }

  /**
   * @param {string} title
   * @param {import('../packages/binding-model/kernel/index.js').TimelineOptions['sockets']} [sockets]
   */
  draw(title, sockets = {}) {
    return drawTimeline(this.events, { title, sockets });
  }
}

/** By the names of their files. @type {Readonly<Record<string, () => string>>} */
export const pictures = {
  coalescing() {
    const pair = new Pair();
    pair.send('AAA');
    pair.send('B', ['b']);
    pair.send('CCC');
    pair.receive(100);
    pair.receive(100);
    return pair.draw('Three messages, two reads');
  },

  'last-byte'() {
    const pair = new Pair();
    pair.send('AAA');
    pair.send('BBB', ['b']);
    pair.send('CC');
    pair.send('DD', ['d']);
    pair.receive(100);
    pair.receive(100);
    return pair.draw('The last byte of a read belongs to the descriptors’ message');
  },

  'short-read'() {
    const pair = new Pair();
    pair.send('A'.repeat(10), ['a']);
    pair.send('B'.repeat(10), ['b1', 'b2']);
    pair.receive(4);
    pair.receive(100);
    return pair.draw('A read that is too small takes the barrier away');
  },

  'large-send'() {
    const pair = new Pair();
    pair.send('A'.repeat(100_000), ['a']);
    pair.receive(65_536);
    pair.receive(65_536);
    return pair.draw('A large message is cut into segments');
  },

  'partial-send'() {
    const pair = new Pair({ sndbuf: 8192 });
    const rest = 'A'.repeat(10_000 - pair.send('A'.repeat(10_000), ['a']));
    pair.receive(65_536);
    pair.receive(65_536);
    pair.send(rest);
    pair.receive(65_536);
    return pair.draw('The rest of a partial send goes without the descriptors');
  },

  truncated() {
    const pair = new Pair();
    pair.send('AAAA', ['a1', 'a2', 'a3', 'a4']);
    pair.send('BBBB', ['b1', 'b2', 'b3']);
    pair.send('CCCC', ['c']);
    pair.receive(100, ONE_FD_ROUNDED_UP);
    pair.receiver.withFreeNumbers(1, () => pair.receive(100));
    pair.receive(100, 0);
    return pair.draw('Too small a control buffer; one free number; no control buffer');
  },

  'out-of-band'() {
    const pair = new Pair();
    const sendAndReceive = () => {
      pair.send('AAA');
      pair.send('X', ['x'], MSG_OOB);
      pair.send('BBB');
      for (let reads = 0; reads < 2; reads++) pair.receive(100);
    };
    sendAndReceive();
    pair.connect();
    pair.receiver.setsockopt(pair.to, 'SO_OOBINLINE', 1);
    sendAndReceive();
    pair.receive(100);
    return pair.draw('A byte sent out of band', {
      'socket 2': 'a plain socket',
      'socket 4': 'a socket with SO_OOBINLINE',
    });
  },

  'barrier-before'() {
    const pair = new Pair({ kernel: 'bsd' });
    pair.send('AAA');
    pair.send('BBB', ['b']);
    pair.send('CC');
    pair.send('DD', ['d']);
    for (let reads = 0; reads < 3; reads++) pair.receive(100);
    return pair.draw('FreeBSD and macOS: the barrier is before the descriptors');
  },

  frames() {
    const pair = new Pair();
    const codec = lengthPrefixed();
    /** @type {[string, string[]][]} */
    const messages = [
      ['open', ['log']],
      ['ok', []],
      ['map', ['in', 'out']],
    ];
    for (const [text, names] of messages) {
      // The count is in the header; which descriptors they are is for sendmsg to know.
      const fds = names.map((_, index) => index);
      pair.send(codec.encode({ bytes: new TextEncoder().encode(text), fds }).bytes, names);
    }
    pair.receive(6);
    pair.receive(100);
    return pair.draw('Three frames of lengthPrefixed(): length, number of descriptors, payload');
  },
};
