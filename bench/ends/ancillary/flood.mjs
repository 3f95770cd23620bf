import { once } from 'node:events';
import * as codecs from 'ancillary/codec';
import { end } from '../node/end.mjs';

/** @typedef {import('../node/end.mjs').End} End */
/** @typedef {import('ancillary').FdSocket} FdSocket */
/** @typedef {import('ancillary').FdFrame} FdFrame */
/**
 * The push form, which not every version has.
 * @typedef {FdSocket & { forEachFrame(handler: (frame: FdFrame) => void, codec: object): Promise<void> }} PushSocket
 */

// Not every version has it.
const LINES = end.variant.includes('lines');
const codec = LINES ? codecs.delimited() : codecs.lengthPrefixed();
/** What a message is longer than its payload. */
const AROUND = LINES ? 1 : 6;
/** What is that short goes out in one piece. @param {Buffer} bytes @param {readonly number[]} [fds] */
const encode = (bytes, fds) => /** @type {Uint8Array} */ (codec.encode({ bytes, fds }).bytes);
const NO_FDS = /** @type {const} */ ([]);
/** Sends that are under way at once where they are not awaited one by one. */
const WINDOW = 256;
const CORKED = 32;

/**
 * A flood of frames, in the way that the variant names.
 * @param {End} end @param {FdSocket} socket
 */
export function floodWith(end, socket) {
  if (end.isSender) {
    if (end.variant.startsWith('corked')) return sendCorked(end, socket);
    return end.variant.startsWith('unawaited') ? sendUnawaited(end, socket) : send(end, socket);
  }
  if (end.variant.endsWith('forEachFrame')) return receivePushed(end, /** @type {PushSocket} */ (socket));
  return end.variant === 'frame.close()' ? receiveBundles(end, socket) : receive(end, socket);
}

/** A frame that is ready, as in the other programs: what it costs to encode one is measured by {@link sendUnawaited}. */
async function send(/** @type {End} */ end, /** @type {FdSocket} */ socket) {
  const bytes = encode(Buffer.alloc(end.size - AROUND), end.fds);
  while (!end.sent.done) {
    const fds = end.nextFds;
    await socket.send(bytes, fds);
    end.sent.count(bytes.length, fds);
  }
}

/** Each frame is encoded by itself, and a promise is awaited only once in a while. */
async function sendUnawaited(/** @type {End} */ end, /** @type {FdSocket} */ socket) {
  const payload = Buffer.alloc(end.size - AROUND);
  while (!end.sent.done) {
    /** @type {Promise<void> | undefined} */
    let last;
    for (let under = 0; under < WINDOW && !end.sent.done; under++) {
      const bytes = encode(payload);
      last = socket.send(bytes);
      end.sent.count(bytes.length, NO_FDS);
    }
    await last;
  }
}

/** Written as with net: so many share one writev. */
async function sendCorked(/** @type {End} */ end, /** @type {FdSocket} */ socket) {
  const payload = Buffer.alloc(end.size - AROUND);
  while (!end.sent.done) {
    socket.cork();
    for (let corked = 0; corked < CORKED && !end.sent.done; corked++) {
      socket.write(encode(payload));
      end.sent.count(end.size, NO_FDS);
    }
    socket.uncork();
    if (socket.writableNeedDrain) await once(socket, 'drain');
  }
}

async function receive(/** @type {End} */ end, /** @type {FdSocket} */ socket) {
  for await (const { bytes, fds } of socket.frames(codec)) {
    end.received.count(bytes.length, fds);
    for (const owned of fds) owned.close();
    if (end.received.done) return;
  }
}

async function receiveBundles(/** @type {End} */ end, /** @type {FdSocket} */ socket) {
  for await (const frame of socket.frames(codec)) {
    end.received.count(frame.bytes.length, frame.fds);
    frame.close();
    if (end.received.done) return;
  }
}

/** @returns {Promise<void>} */
function receivePushed(/** @type {End} */ end, /** @type {PushSocket} */ socket) {
  return new Promise((resolve, reject) => {
    const ended = socket.forEachFrame(({ bytes, fds }) => {
      end.received.count(bytes.length, fds);
      for (const owned of fds) owned.close();
      if (end.received.done) resolve();
    }, codec);
    // The measurement is over before the stream is; an end before that is a failure.
    ended.then(() => reject(new Error('the stream ended too early')), reject);
  });
}
