// Both ends of the works with node:net, which carries no descriptors.

import { once } from 'node:events';
import net from 'node:net';
import { end } from './node/end.mjs';
import { FrameParser, frameOf } from './node/framing.mjs';
import { lineOf, LineSplitter } from './node/lines.mjs';
import { receiveStream, sendStream, streamCounter, writeAll } from './node/plain-stream.mjs';
import { Trips } from './node/trips.mjs';

const SOCKET = 3;
const CORKED = 32;
const HEADER = 6;
const LINES = end.variant.includes('lines');
/** How a message is made of its payload, by how much it is longer, and what cuts them apart. */
const [encode, AROUND, Cutter] = LINES
  ? /** @type {const} */ ([lineOf, 1, LineSplitter])
  : /** @type {const} */ ([frameOf, HEADER, FrameParser]);
const NO_FDS = /** @type {const} */ ([]);

if (end.work === 'stream' && end.variant === 'onread' && !end.isSender) {
  const socket = await receiveStreamOnread();
  end.report();
  socket.destroy();
} else {
  const socket = new net.Socket({ fd: SOCKET, readable: true, writable: true, allowHalfOpen: false });
  const more = await work(socket);
  end.report(more ?? {});
  if (end.isSender !== (end.work === 'echo')) await once(socket.resume(), 'close');
  else socket.destroy();
}

/** @param {net.Socket} socket @returns {Promise<object | void>} */
function work(socket) {
  switch (end.work) {
    case 'flood':
      if (end.isSender) return end.variant.startsWith('corked') ? sendCorked(socket) : sendFrames(socket);
      return receiveFrames(socket);
    case 'stream':
      return end.isSender ? sendStream(end, socket) : receiveStream(end, socket);
    case 'echo':
      return end.isSender ? ask(socket) : answer(socket);
    case 'large':
      return end.isSender ? sendLarge(socket) : receiveFrames(socket);
    default:
      throw new Error(`unknown work '${end.work}'`);
  }
}

/** One write for each frame. */
async function sendFrames(/** @type {net.Socket} */ socket) {
  const payload = Buffer.alloc(end.size - AROUND);
  await writeAll(socket, () => {
    if (end.sent.done) return undefined;
    end.sent.count(end.size, NO_FDS);
    return encode(payload);
  });
}

/** So many frames share one writev. */
async function sendCorked(/** @type {net.Socket} */ socket) {
  const payload = Buffer.alloc(end.size - AROUND);
  while (!end.sent.done) {
    socket.cork();
    for (let corked = 0; corked < CORKED && !end.sent.done; corked++) {
      socket.write(encode(payload));
      end.sent.count(end.size, NO_FDS);
    }
    socket.uncork();
    if (socket.writableNeedDrain) await new Promise((resolve) => socket.once('drain', resolve));
  }
}

/** @returns {Promise<void>} */
function receiveFrames(/** @type {net.Socket} */ socket) {
  return new Promise((resolve) => {
    const parser = new Cutter((frame) => {
      end.received.count(frame.length, NO_FDS);
      if (end.received.done) resolve();
    });
    socket.on('data', (/** @type {Buffer} */ chunk) => parser.push(chunk));
  });
}

async function sendLarge(/** @type {net.Socket} */ socket) {
  const piece = Buffer.alloc(65_536);
  for (let sent = 0; sent < end.total; sent++) {
    let left = end.size - HEADER;
    const header = frameOf(piece.subarray(0, 0));
    header.writeUInt32BE(left);
    socket.write(header);
    await writeAll(socket, () => {
      const length = Math.min(left, piece.length);
      left -= length;
      return length === 0 ? undefined : piece.subarray(0, length);
    });
    end.sent.count(end.size, NO_FDS);
  }
}

/** Reads into one buffer, over and over. @returns {Promise<net.Socket>} */
function receiveStreamOnread() {
  return new Promise((resolve) => {
    const count = streamCounter(end, () => resolve(socket));
    const onread = {
      buffer: Buffer.alloc(end.size),
      callback: (/** @type {number} */ length) => {
        count(length);
        return true;
      },
    };
    /** @type {net.SocketConstructorOpts & { onread: typeof onread }} `onread` is for connections, say the types. */
    const options = { fd: SOCKET, readable: true, writable: true, onread };
    const socket = new net.Socket(options);
    socket.resume();
  });
}

function ask(/** @type {net.Socket} */ socket) {
  const bytes = Buffer.alloc(end.size);
  const trips = new Trips(end.total - end.count, end.count);
  const send = () => {
    trips.begin();
    socket.write(bytes);
    end.sent.count(bytes.length, NO_FDS);
  };
  return new Promise((resolve) => {
    socket.on('data', (/** @type {Buffer} */ chunk) => {
      end.received.count(chunk.length, NO_FDS);
      trips.end();
      if (end.received.done) resolve(trips.report());
      else send();
    });
    send();
  });
}

/** @returns {Promise<void>} */
function answer(/** @type {net.Socket} */ socket) {
  const bytes = Buffer.alloc(end.size);
  return new Promise((resolve) => {
    socket.on('data', (/** @type {Buffer} */ chunk) => {
      end.received.count(chunk.length, NO_FDS);
      socket.write(bytes);
      end.sent.count(bytes.length, NO_FDS);
      if (end.sent.done) resolve();
    });
  });
}
