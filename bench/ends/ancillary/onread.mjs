import { adopt } from 'ancillary';
import { streamCounter } from '../node/plain-stream.mjs';

/**
 * Reads plain bytes into one buffer, over and over (`onread`, which not every version has).
 * @param {import('../node/end.mjs').End} end @param {number} fd
 */
export async function receiveStreamOnread(end, fd) {
  /** @type {import('ancillary').FdSocket | undefined} */
  let socket;
  await new Promise((resolve) => {
    const count = streamCounter(end, () => resolve(undefined));
    const onread = {
      buffer: Buffer.alloc(end.size),
      callback(/** @type {number} */ length) {
        count(length);
        return true;
      },
    };
    socket = adopt(fd, /** @type {import('ancillary').FdSocketOptions} */ ({ onread }));
  });
  return /** @type {import('ancillary').FdSocket} */ (socket);
}
