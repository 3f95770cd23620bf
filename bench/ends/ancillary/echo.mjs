import { Trips } from '../node/trips.mjs';

/** @typedef {import('../node/end.mjs').End} End */
/** @typedef {import('ancillary').FdSocket} FdSocket */

/** Sends, takes the answer, and sends the next: a frame is what one recvmsg returned. */
export async function ask(/** @type {End} */ end, /** @type {FdSocket} */ socket) {
  const bytes = Buffer.alloc(end.size);
  const trips = new Trips(end.total - end.count, end.count);
  const send = async () => {
    const fds = end.nextFds;
    trips.begin();
    await socket.send(bytes, fds);
    end.sent.count(bytes.length, fds);
  };
  await send();
  for await (const frame of socket.frames()) {
    end.received.count(frame.bytes.length, frame.fds);
    frame.close();
    trips.end();
    if (end.received.done) break;
    await send();
  }
  return trips.report();
}

export async function answer(/** @type {End} */ end, /** @type {FdSocket} */ socket) {
  const bytes = Buffer.alloc(end.size);
  for await (const frame of socket.frames()) {
    end.received.count(frame.bytes.length, frame.fds);
    frame.close();
    const fds = end.nextFds;
    await socket.send(bytes, fds);
    end.sent.count(bytes.length, fds);
    if (end.sent.done) break;
  }
}
