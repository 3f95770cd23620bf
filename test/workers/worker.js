'use strict';

// What the workers of these tests do, by the name in `workerData.task`.

const path = require('node:path');
const { parentPort, workerData } = require('node:worker_threads');
const { identity, pump } = require('./pumping');

/** @type {{ task: string, library: string }} */
const { task, library: directory } = workerData;
const library = {
  /** @type {typeof import('../../packages/ancillary')} */
  ancillary: require(directory),
  /** @type {typeof import('../../packages/codec')} */
  codec: require(path.join(directory, '../codec')),
  /** @type {typeof import('../../packages/rpc')} */
  rpc: require(path.join(directory, '../rpc')),
};

/** @param {unknown} message */
const tell = (message) => parentPort?.postMessage(message);

/** @type {Record<string, () => Promise<void>>} */
const tasks = {
  /** Checks some traffic and reports. */
  async pump() {
    tell(await pump(library, 2000));
  },

  /** Far more traffic than anybody waits for, with a word after each round. */
  async pumpForEver() {
    for (let round = 0; round < 1000; round++) {
      const { mistakes } = await pump(library, 50);
      tell(mistakes);
    }
  },

  /** Holds descriptors in every way there is, tells what they are, and waits. */
  async hold() {
    const { fds, listen, socketpair } = library.ancillary;
    const files = Array.from({ length: 10 }, () => fds.memfd('held'));
    const [ours, theirs] = socketpair();
    await ours.send('abc', files.slice(0, 3)); // in flight, and never read
    const [left, right] = socketpair();
    await left.send('taken', files.slice(3, 6));
    const frame = await right.receive(5);
    const [full] = socketpair();
    /** @type {Promise<void>[]} */
    const waiting = [];
    // Frames that find no room keep duplicates of their descriptors.
    for (let index = 0; index < 20; index++) waiting.push(full.send(Buffer.alloc(100_000), files.slice(6)));
    const server = await listen({ abstract: `ancillary-workers-${process.pid}-${files[0]?.fd}` });
    tell([...files, ...frame.fds, ours, theirs, left, right, full].map(({ fd }) => [fd, identity(fd)]));
    await new Promise(() => Object.assign(globalThis, { files, frame, waiting, server }));
  },
};

void tasks[task]?.();
