// Servers of bench/fairness.mjs: each reads frames of two bytes, or of one with descriptors, and answers those that ask.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { listen, OwnedFd } from 'ancillary';

/** @typedef {'net, for await' | 'net, function' | 'frames()' | 'forEachFrame()'} Reader */
/** @typedef {{ frames(): number, close(): Promise<void> }} Serving */

/** The first byte of a frame that wants an answer. */
const ASKS = 0xff;
const ANSWER = Buffer.from([1]);

/** @type {import('ancillary/codec').FrameCodec<unknown, never>} */
const twoBytes = {
  measure: Object.assign(
    (/** @type {Uint8Array} */ bytes) => (bytes.length < 2 ? { need: 2 } : { length: 2, fds: 0 }),
    {
      at: (/** @type {Uint8Array} */ memory, /** @type {number} */ start) =>
        memory.length - start < 2 ? { need: 2 } : { length: 2, fds: 0 },
    },
  ),
  decode: () => undefined,
};

/** Frames that ask have two bytes and no descriptor, those of a flood one byte and 253. @type {typeof twoBytes} */
const withDescriptors = {
  reads: 'greedy',
  measure: (bytes) => {
    if (bytes[0] !== ASKS) return bytes.length === 0 ? { need: 1 } : { length: 1, fds: 253 };
    return bytes.length < 2 ? { need: 2 } : { length: 2, fds: 0 };
  },
  decode: () => undefined,
};

/** @param {Reader} reader @param {string} address @param {boolean} descriptors @returns {Promise<Serving>} */
export function serve(reader, address, descriptors) {
  if (reader === 'net, for await' || reader === 'net, function') return serveNet(address, reader === 'net, for await');
  return serveFrames(address, descriptors ? withDescriptors : twoBytes, reader === 'frames()');
}

/** @param {string} address @param {typeof twoBytes} codec @param {boolean} awaits @returns {Promise<Serving>} */
async function serveFrames(address, codec, awaits) {
  let frames = 0;
  const sockets = new Set();
  const server = await listen(address);
  server.on('connection', (socket) => {
    sockets.add(socket);
    const take = (/** @type {import('ancillary').FdFrame} */ frame) => {
      frames++;
      if (frame.fds.length > 0) OwnedFd.closeAll(frame.fds);
      if (frame.bytes[0] === ASKS) socket.write(ANSWER);
    };
    const loop = async () => {
      for await (const frame of socket.frames(codec)) take(frame);
    };
    const reading = awaits ? loop() : socket.forEachFrame(take, codec);
    reading.catch(() => undefined).finally(() => sockets.delete(socket));
  });
  return {
    frames: () => frames,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await server.close();
    },
  };
}

/** @param {string} address @param {boolean} awaits @returns {Promise<Serving>} */
async function serveNet(address, awaits) {
  let frames = 0;
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    const take = (/** @type {Buffer} */ frame) => {
      frames++;
      if (frame[0] === ASKS) socket.write(ANSWER);
    };
    socket.on('error', () => undefined);
    if (awaits) {
      const loop = async () => {
        for await (const frame of cut(socket)) take(frame);
      };
      void loop().catch(() => undefined);
      return;
    }
    let left = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      const bytes = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
      let at = 0;
      for (; bytes.length - at >= 2; at += 2) take(bytes.subarray(at, at + 2));
      left = bytes.subarray(at);
    });
  });
  server.listen(address);
  await once(server, 'listening');
  return {
    frames: () => frames,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** @param {import('node:net').Socket} socket */
async function* cut(socket) {
  let left = Buffer.alloc(0);
  for await (const chunk of socket) {
    const bytes = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
    let at = 0;
    for (; bytes.length - at >= 2; at += 2) yield bytes.subarray(at, at + 2);
    left = bytes.subarray(at);
  }
}
