// Both ends of the works with bare.c, the least code that an addon can be. The environment names where it was compiled to.

import { createRequire } from 'node:module';
import { end } from './node/end.mjs';
import { Trips } from './node/trips.mjs';

/**
 * @typedef {object} Bare
 * @property {(callbacks: { receive(count: number): void, writable(): void }, memory: Uint8Array, records: Int32Array, fds: Int32Array) => void} open
 * @property {(bytes: Uint8Array, fds: Int32Array, fdCount: number) => number} send bytes taken; -1 when the kernel has no room
 * @property {(fd: number) => void} close
 */

/** @type {Bare} */
const bare = createRequire(import.meta.url)(process.env['BENCH_BARE'] ?? './bare.node');

const MOST_MESSAGES = 64;
const MOST_FDS = 4096;
const NO_FDS = /** @type {const} */ ([]);
const isStream = end.work === 'stream';

// A stream is read into all of the memory, one recvmsg at a time, as with `onread`.
const records = new Int32Array(2 * (isStream ? 1 : MOST_MESSAGES));
const fds = new Int32Array(MOST_FDS);
const bytes = Buffer.alloc(end.size);
const fdsToSend = new Int32Array(end.fds.length);
/** The descriptors of the message in hand. @type {number[]} */
const received = [];
let onMessage = () => {};
let onWritable = () => {};

bare.open(
  { receive: isStream ? streamReader() : readMessages, writable: () => onWritable() },
  Buffer.alloc(65_536),
  records,
  fds,
);
const more = await work();
end.report(more ?? {});
// The sender of a flood stays until the receiver has gone, and its socket ends.
if (end.isSender === (end.work === 'echo')) process.exit();

/** @returns {Promise<object | void>} */
function work() {
  if (end.work === 'echo') return end.isSender ? ask() : answer();
  return end.isSender ? flood() : receiveAll();
}

/** @param {number} count */
function readMessages(count) {
  for (let index = 0, nextFd = 0; index < count; index++) {
    const length = records[2 * index] ?? 0;
    received.length = records[2 * index + 1] ?? 0;
    for (let each = 0; each < received.length; each++) received[each] = fds[nextFd++] ?? -1;
    end.received.count(length, received);
    for (const fd of received) bare.close(fd);
    onMessage();
  }
}

function streamReader() {
  let untilNext = end.size;
  return () => {
    for (untilNext -= records[0] ?? 0; untilNext <= 0; untilNext += end.size) end.received.count(end.size, NO_FDS);
    onMessage();
  };
}

/** @returns {Promise<void>} */
function receiveAll() {
  return new Promise((resolve) => {
    onMessage = () => {
      if (end.received.done) resolve();
    };
  });
}

/** Returns how many bytes of a message left. @param {Uint8Array} message */
function sendNext(message) {
  const { nextFds } = end;
  if (end.sent.messages === 0 || nextFds === end.lastFds) fdsToSend.set(nextFds);
  return bare.send(message, fdsToSend, nextFds.length);
}

/** @returns {Promise<void>} */
function flood() {
  return new Promise((resolve) => {
    let left = bytes;
    const send = () => {
      while (!end.sent.done) {
        const sent = sendNext(left);
        if (sent < left.length) {
          left = left.subarray(Math.max(0, sent));
          return;
        }
        left = bytes;
        end.sent.count(end.size, end.nextFds);
      }
      onWritable = () => {};
      resolve();
    };
    onWritable = send;
    send();
  });
}

/** Sends a message that finds the socket empty. */
function sendAlone() {
  const { nextFds } = end;
  if (sendNext(bytes) < bytes.length) throw new Error('the kernel has no room for one message');
  end.sent.count(end.size, nextFds);
}

function ask() {
  const trips = new Trips(end.total - end.count, end.count);
  const send = () => {
    trips.begin();
    sendAlone();
  };
  return new Promise((resolve) => {
    onMessage = () => {
      trips.end();
      if (end.received.done) resolve(trips.report());
      else send();
    };
    send();
  });
}

/** @returns {Promise<void>} */
function answer() {
  return new Promise((resolve) => {
    onMessage = () => {
      sendAlone();
      if (end.sent.done) resolve();
    };
  });
}
