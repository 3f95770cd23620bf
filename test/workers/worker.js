'use strict';

// What the workers of these tests do, by the name in `workerData.task`.

const { once } = require('node:events');
const { openSync } = require('node:fs');
const { createServer } = require('node:net');
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

  /** Makes everything that can be made of descriptors, received ones among them, tells what they are, and waits. */
  async convert() {
    const { fds, socketpair } = library.ancillary;
    const [left, right] = socketpair();
    const sent = [fds.memfd('received', Buffer.alloc(1_000_000)), ...fds.pipe(), fds.memfd('received'), fds.eventfd()];
    await left.send('received', sent, { transfer: true });
    const [memory, reader, writer, target, counter] = (await right.receive(8)).fds;
    if (!memory || !reader || !writer || !target || !counter) throw new Error('five were sent');
    const made = fds.memfd('made here', Buffer.alloc(1_000_000));
    const number = openSync('/dev/null', 'r+'); // Node closes it with its thread.
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const listening = fds.toServer(fds.dup(tcp));
    const [connected] = socketpair();
    const socket = fds.toSocket(fds.dup(connected));
    const reading = [
      fds.toReadStream(memory),
      fds.toReadStream(made),
      fds.toReadStream(reader),
      fds.toReadStream(counter),
    ];
    const writing = [fds.toWriteStream(target), fds.toWriteStream(writer), fds.toWriteStream(number)];
    // Some are at work, and the others are not.
    reading[0]?.once('data', () => reading[0]?.pause());
    reading[2]?.resume();
    writing[0]?.write('some bytes');
    tell([...reading, ...writing].map(({ fd }) => [fd, identity(fd)]));
    await new Promise(() =>
      Object.assign(globalThis, { left, right, reading, writing, tcp, listening, connected, socket }),
    );
  },

  /** Closes streams of files while the threads that do that are kept busy, tells that, and waits. */
  async close() {
    const { fds } = library.ancillary;
    const streams = Array.from({ length: 50 }, () => fds.toWriteStream(fds.memfd('written')));
    for (const stream of streams) stream.destroy();
    tell(streams.length);
    await new Promise(() => undefined);
  },
  /** Makes a stream of a number that node:fs opened, reads it to its end, tells the number, and ends when it is told to. */
  async reuse() {
    const { fds } = library.ancillary;
    const number = openSync('/dev/null', 'r');
    const stream = fds.toReadStream(number).resume();
    await once(stream, 'close');
    parentPort?.once('message', () => parentPort?.close());
    tell(number);
  },
};

void tasks[task]?.();
