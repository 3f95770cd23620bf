// Both ends of the works with ancillary: FdSocket at both, by its public interface alone.

import { once } from 'node:events';
import { adopt } from 'ancillary';
import { answer, ask } from './ancillary/echo.mjs';
import { floodWith } from './ancillary/flood.mjs';
import { receiveLarge, sendLarge } from './ancillary/large.mjs';
import { receiveStreamOnread } from './ancillary/onread.mjs';
import { copiedBytes } from './node/copies.mjs';
import { end } from './node/end.mjs';
import { receiveStream, sendStream } from './node/plain-stream.mjs';

const SOCKET = 3;

if (end.work === 'stream' && end.variant === 'onread' && !end.isSender) {
  const socket = await receiveStreamOnread(end, SOCKET);
  end.report();
  socket.destroy();
} else {
  const socket = adopt(SOCKET);
  const more = await work(socket);
  end.report({ ...more, ...copiedBytes() });
  // The sender stays, so that its going costs nothing while the receiver is still measured.
  if (end.isSender !== (end.work === 'echo')) await once(socket.resume(), 'close');
  else socket.destroy();
}

/** @param {import('ancillary').FdSocket} socket @returns {Promise<object | void>} */
function work(socket) {
  switch (end.work) {
    case 'flood':
      return floodWith(end, socket);
    case 'stream':
      return end.isSender ? sendStream(end, socket) : receiveStream(end, socket);
    case 'echo':
      return end.isSender ? ask(end, socket) : answer(end, socket);
    case 'large':
      return end.isSender ? sendLarge(end, socket) : receiveLarge(end, socket);
    default:
      throw new Error(`unknown work '${end.work}'`);
  }
}
