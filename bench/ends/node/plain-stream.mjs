// Plain bytes through a Duplex: the same code for every one of them.

/** @typedef {import('node:stream').Duplex} Duplex */
/** @typedef {import('./end.mjs').End} End */

const NO_FDS = /** @type {const} */ ([]);

/**
 * Writes pieces as they are made, and waits for 'drain' where the stream asks for it.
 * @param {Duplex} socket @param {() => Buffer | undefined} next the next piece; undefined after the last
 * @returns {Promise<void>}
 */
export function writeAll(socket, next) {
  return new Promise((resolve) => {
    const write = () => {
      for (let piece = next(); piece !== undefined; piece = next()) {
        if (socket.write(piece)) continue;
        socket.once('drain', write);
        return;
      }
      resolve();
    };
    write();
  });
}

/** @param {End} end @param {Duplex} socket */
export async function sendStream(end, socket) {
  const bytes = Buffer.alloc(end.size);
  await writeAll(socket, () => {
    if (end.sent.done) return undefined;
    end.sent.count(bytes.length, NO_FDS);
    return bytes;
  });
}

/**
 * Counts the bytes of a stream, as messages of `end.size`.
 * @param {End} end @param {() => void} done called with the last byte
 * @returns {(length: number) => void}
 */
export function streamCounter(end, done) {
  let untilNext = end.size;
  return (length) => {
    for (untilNext -= length; untilNext <= 0; untilNext += end.size) end.received.count(end.size, NO_FDS);
    if (end.received.done) done();
  };
}

/** @param {End} end @param {Duplex} socket @returns {Promise<void>} */
export function receiveStream(end, socket) {
  return new Promise((resolve) => {
    const count = streamCounter(end, resolve);
    socket.on('data', (/** @type {Buffer} */ chunk) => count(chunk.length));
  });
}
