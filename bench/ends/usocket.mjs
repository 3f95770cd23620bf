// Both ends of the works with the package usocket, whose folder the environment names.

import { closeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { end } from './node/end.mjs';
import { receiveStream } from './node/plain-stream.mjs';
import { Trips } from './node/trips.mjs';

/**
 * @typedef {import('node:stream').Duplex & {
 *   read(size: number | null, fds: number | null): { data: Buffer | null, fds: number[] } | null,
 *   write(message: Buffer | { data: Buffer, fds?: readonly number[] }): void,
 * }} USocket
 */

const require = createRequire(import.meta.url);
/** @type {{ USocket: new (options: { fd: number }) => USocket }} */
const { USocket } = require(process.env['BENCH_USOCKET'] ?? 'usocket');

const socket = new USocket({ fd: 3 });
const bytes = Buffer.alloc(end.size);
const more = await work();
end.report(more ?? {});
// It reports its end only to those who read it; leaving lets the other end know.
if (end.isSender !== (end.work === 'echo')) socket.on('data', () => undefined).on('end', () => process.exit());
else process.exit();

/** @returns {Promise<object | void>} */
function work() {
  switch (end.work) {
    case 'flood':
      return end.isSender ? send() : receive();
    case 'stream':
      return end.isSender ? send() : receiveStream(end, socket);
    case 'echo':
      return end.isSender ? ask() : answer();
    default:
      throw new Error(`unknown work '${end.work}'`);
  }
}

function sendNext() {
  const fds = end.nextFds;
  end.sent.count(end.size, fds);
  socket.write({ data: bytes, fds });
}

/** @returns {Promise<void>} */
function send() {
  return new Promise((resolve) => {
    const write = () => {
      while (!end.sent.done) {
        sendNext();
        // Its write() returns nothing.
        if (!socket.writableNeedDrain) continue;
        socket.once('drain', write);
        return;
      }
      resolve();
    };
    write();
  });
}

/**
 * Calls back for each message. Those that lost a descriptor, since the socket was full when they were sent, take the next
 * one that came: usocket keeps bytes and descriptors apart.
 * @param {() => void} callback
 */
function onMessage(callback) {
  socket.on('readable', () => {
    for (;;) {
      const message = socket.read(end.size, null);
      if (message === null || message.data === null) return;
      end.received.count(message.data.length, message.fds);
      for (const fd of message.fds) closeSync(fd);
      callback();
    }
  });
}

/** @returns {Promise<void>} */
function receive() {
  return new Promise((resolve) => {
    onMessage(() => {
      if (end.received.done) resolve();
    });
  });
}

function ask() {
  const trips = new Trips(end.total - end.count, end.count);
  return new Promise((resolve) => {
    onMessage(() => {
      trips.end();
      if (end.received.done) {
        resolve(trips.report());
        return;
      }
      trips.begin();
      sendNext();
    });
    trips.begin();
    sendNext();
  });
}

/** @returns {Promise<void>} */
function answer() {
  return new Promise((resolve) => {
    onMessage(() => {
      sendNext();
      if (end.sent.done) resolve();
    });
  });
}
