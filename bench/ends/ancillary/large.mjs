import { lengthPrefixed } from 'ancillary/codec';
import { writeAll } from '../node/plain-stream.mjs';

/** @typedef {import('../node/end.mjs').End} End */
/** @typedef {import('ancillary').FdSocket} FdSocket */

const HEADER = 6;
const PIECE = 65_536;

/** Frames of `end.size` bytes in pieces. */
export async function sendLarge(/** @type {End} */ end, /** @type {FdSocket} */ socket) {
  const first = Buffer.alloc(PIECE);
  first.writeUInt32BE(end.size - HEADER);
  const other = Buffer.alloc(PIECE);
  let left = end.size;
  await writeAll(socket, () => {
    if (end.sent.done) return undefined;
    const piece = left === end.size ? first : other;
    const length = Math.min(left, piece.length);
    left -= length;
    if (left === 0) {
      end.sent.count(end.size, end.fds);
      left = end.size;
    }
    return length === piece.length ? piece : piece.subarray(0, length);
  });
}

export async function receiveLarge(/** @type {End} */ end, /** @type {FdSocket} */ socket) {
  for await (const { bytes, fds } of socket.frames(lengthPrefixed({ maxLength: end.size }))) {
    end.received.count(bytes.length, fds);
    if (end.received.done) return;
  }
}
