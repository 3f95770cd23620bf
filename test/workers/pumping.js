'use strict';

// Traffic of descriptors in one thread, checked against what was sent. Run by the main thread and by workers alike, each
// with the library as it can load it.

const { fstatSync } = require('node:fs');

/**
 * @typedef {Pick<typeof import('../../packages/ancillary'), 'fds' | 'socketpair'>} Ancillary
 * @typedef {Pick<typeof import('../../packages/codec'), 'lengthPrefixed'>} Codec
 * @typedef {Pick<typeof import('../../packages/rpc'), 'framed'>} Rpc
 * @typedef {{ frames: number, descriptors: number, mistakes: string[] }} Report
 */

/** @param {number} fd */
function identity(fd) {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return `${dev}:${ino}`;
}

/**
 * Sends so many frames of 0 to 4 new files each through a pair of its own, and compares what arrives.
 *
 * @param {{ ancillary: Ancillary, codec: Codec, rpc: Rpc }} library
 * @param {number} count
 * @returns {Promise<Report>}
 */
async function pump({ ancillary, codec, rpc }, count) {
  const [ours, theirs] = ancillary.socketpair();
  const sending = rpc.framed(ours, codec.lengthPrefixed());
  const receiving = rpc.framed(theirs, codec.lengthPrefixed());

  const sendAll = async () => {
    for (let frame = 0; frame < count; frame++) {
      const files = Array.from({ length: frame % 5 }, () => ancillary.fds.memfd('pumped'));
      const bytes = Buffer.from(
        files
          .map(({ fd }) => identity(fd))
          .join(' ')
          .padEnd(frame % 700),
      );
      // Not waited for each time, so that frames are queued and coalesced too.
      const sent = sending.send({ bytes, fds: files });
      for (const file of files) file.close();
      if (frame % 10 === 0) await sent;
      else sent.catch(() => undefined);
    }
    await sending.close();
  };

  /** @type {Report} */
  const report = { frames: 0, descriptors: 0, mistakes: [] };
  const receiveAll = async () => {
    for await (const { bytes, fds } of receiving) {
      const came = fds.map(({ fd }) => identity(fd)).join(' ');
      const expected = bytes.toString().trimEnd();
      if (came !== expected) report.mistakes.push(`frame ${report.frames}: ${came} instead of ${expected}`);
      report.frames++;
      report.descriptors += fds.length;
      for (const fd of fds) fd.close();
    }
    await receiving.close();
  };

  await Promise.all([sendAll(), receiveAll()]);
  return report;
}

module.exports = { identity, pump };
