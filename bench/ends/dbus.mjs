// Both ends of a flood of D-Bus messages through dbus-native, without a bus in between: on a stream of ancillary, or on net.

import { once } from 'node:events';
import net from 'node:net';
import { adopt } from 'ancillary';
import { createStream } from 'ancillary/dbus-native';
import dbus from 'dbus-native';
import { end } from './node/end.mjs';

const SOCKET = 3;
/** How long a message with no bytes in its array is. */
const HEADERS = 108;
const NO_FDS = /** @type {const} */ ([]);

const stream =
  end.variant === 'net' ? new net.Socket({ fd: SOCKET, readable: true, writable: true }) : createStream(adopt(SOCKET));
// One side of the handshake waits for the other: the server must read first.
const connection = dbus.createConnection({ stream, ...(end.isSender ? { direct: true } : { server: true }) });
const connected = once(connection, 'connect');
const counted = end.isSender ? connected.then(send) : receive();
await counted;
end.report();
// The sender stays, so that its going costs nothing while the receiver is still measured.
if (end.isSender) await once(stream.resume(), 'close');
else stream.destroy();

/** As fast as the stream takes them. */
async function send() {
  const message = {
    type: 1,
    path: '/com/example/Flood',
    interface: 'com.example.Flood',
    member: 'Message',
    signature: 'ay',
    body: [Buffer.alloc(end.size - HEADERS)],
  };
  for (let serial = 1; !end.sent.done; serial++) {
    const fds = end.nextFds;
    const more = connection.message({ ...message, serial, ...(fds.length > 0 ? { fds: [...fds] } : {}) });
    end.sent.count(end.size, fds);
    if (!more) await once(stream, 'drain');
  }
}

/** @returns {Promise<void>} */
function receive() {
  return new Promise((resolve) => {
    connection.on('message', ({ fds = NO_FDS }) => {
      end.received.count(end.size, fds);
      if ('closeFds' in stream) stream.closeFds([...fds]);
      if (end.received.done) resolve();
    });
  });
}
