import { once } from 'node:events';
import net from 'node:net';
import { listen } from 'ancillary';
import { lengthPrefixed } from 'ancillary/codec';
import { FrameParser } from '../node/framing.mjs';

/** @typedef {import('./control.mjs').Counter} Counter */
/**
 * Listens at a path, and reads frames from whoever connects; counts connections and frames.
 * @typedef {(address: string, connections: Counter, frames: Counter) => Promise<unknown>} Server
 */

const FRAME = 64;

/** @type {Record<string, Server>} */
export const servers = {
  'ancillary frames': async (address, connections, frames) => {
    const server = await listen(address);
    server.on('connection', (socket) => {
      connections.add(1);
      void countFrames(socket, frames);
    });
  },

  'ancillary forEachFrame': async (address, connections, frames) => {
    const server = await listen(address);
    const codec = lengthPrefixed();
    const count = (/** @type {import('ancillary').FdFrame} */ frame) => {
      frame.close();
      frames.add(1);
    };
    server.on('connection', (socket) => {
      connections.add(1);
      void socket.forEachFrame(count, codec);
    });
  },

  "ancillary 'data'": async (address, connections, frames) => {
    const server = await listen(address);
    server.on('connection', (socket) => {
      connections.add(1);
      socket.on('data', (/** @type {Buffer} */ chunk) => frames.add(chunk.length / FRAME));
    });
  },

  "net 'data'": (address, connections, frames) =>
    serveNet(address, connections, (socket) => {
      socket.on('data', (/** @type {Buffer} */ chunk) => frames.add(chunk.length / FRAME));
    }),

  'net for await': (address, connections, frames) =>
    serveNet(address, connections, (socket) => void countChunks(socket, frames)),

  'net frames': (address, connections, frames) =>
    serveNet(address, connections, (socket) => {
      const parser = new FrameParser(() => frames.add(1));
      socket.on('data', (/** @type {Buffer} */ chunk) => parser.push(chunk));
    }),
};

/** @param {import('ancillary').FdSocket} socket @param {Counter} frames */
async function countFrames(socket, frames) {
  for await (const frame of socket.frames(lengthPrefixed())) {
    frame.close();
    frames.add(1);
  }
}

/** @param {net.Socket} socket @param {Counter} frames */
async function countChunks(socket, frames) {
  for await (const chunk of socket) {
    const { length } = /** @type {Buffer} */ (chunk);
    frames.add(length / FRAME);
  }
}

/** @param {string} address @param {Counter} connections @param {(socket: net.Socket) => void} serve */
async function serveNet(address, connections, serve) {
  const server = net.createServer((socket) => {
    connections.add(1);
    serve(socket);
  });
  await once(server.listen(address), 'listening');
}
