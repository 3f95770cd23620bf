// Connections that are made, accepted and closed: the sender makes them, so many at once, and the receiver closes each that it
// accepts. The variant says with what.

import { readSync, rmSync, writeSync } from 'node:fs';
import net from 'node:net';
import { connect, listen } from 'ancillary';
import { end } from './node/end.mjs';

/** @typedef {import('node:stream').Duplex} Duplex */

const CONTROL = 3;
const BURST = 64;
const NO_FDS = /** @type {const} */ ([]);

/** @type {Record<string, (address: string) => Promise<void>>} */
const clients = {
  ancillary: async (address) => closed((await connect(address)).resume()),
  'node:net': (address) => closed(net.connect(address).resume()),
};

/** @type {Record<string, (address: string, accepted: (socket: Duplex) => void) => Promise<unknown>>} */
const servers = {
  ancillary: async (address, accepted) => (await listen(address)).on('connection', accepted),
  'node:net': (address, accepted) =>
    new Promise((resolve) => net.createServer(accepted).listen(address, () => resolve(undefined))),
};

await (end.isSender ? makeAll() : acceptAll());
end.report();
// The sender stays, so that its going costs nothing while the receiver is still measured.
if (end.isSender) readSync(CONTROL, Buffer.alloc(1));
process.exit();

/** A connection is over when the other end has closed it. */
async function makeAll() {
  if (readSync(CONTROL, Buffer.alloc(1)) !== 1) throw new Error('nobody listens');
  const atOnce = end.work === 'burst' ? BURST : 1;
  while (!end.sent.done) {
    const left = end.total - end.sent.messages;
    await Promise.all(Array.from({ length: Math.min(atOnce, left) }, makeOne));
  }
}

async function makeOne() {
  await clients[end.variant]?.(end.address);
  end.sent.count(0, NO_FDS);
}

/** @returns {Promise<void>} */
function acceptAll() {
  rmSync(end.address, { force: true });
  return new Promise((resolve, reject) => {
    const accepted = (/** @type {Duplex} */ socket) => {
      void closed(socket.destroy()).then(() => {
        end.received.count(0, NO_FDS);
        if (end.received.done) resolve();
      });
    };
    servers[end.variant]?.(end.address, accepted).then(() => writeSync(CONTROL, '.'), reject);
  });
}

/** @param {Duplex} socket @returns {Promise<void>} */
function closed(socket) {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
