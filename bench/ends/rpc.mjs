// Calls with answers, many under way at once: by rpc(), and by vscode-jsonrpc over ancillary and over node:net.

import { once } from 'node:events';
import net from 'node:net';
import { end } from './node/end.mjs';

/** @typedef {{ text: string, file?: import('ancillary').OwnedFd | number }} Parcel */
/** @typedef {{ call(parcel: Parcel): Promise<Parcel>, socket: import('node:stream').Duplex }} Connection */

const SOCKET = 3;
/** Calls that are under way at once. */
const WINDOW = 64;
const CONNECT = { 'rpc()': connectRpc, 'vscode-jsonrpc': connectJsonRpc, 'vscode-jsonrpc over net': connectOverNet };

const connect = CONNECT[/** @type {keyof typeof CONNECT} */ (end.variant)];
const { fds } = await import('ancillary');
const text = 'x'.repeat(end.size);

/** What is sent is lent: an owner of our own for a file that stays open. @type {import('ancillary').OwnedFd[]} */
const lent = [end.fds, end.lastFds].flatMap((numbers) => numbers.slice(0, 1).map((fd) => fds.dup(fd)));

/** @param {boolean} last @returns {Parcel} */
function parcel(last) {
  const file = lent[last ? 1 : 0];
  return file === undefined ? { text } : { text, file };
}

/** @param {import('./node/meter.mjs').Meter} meter @returns {Parcel} */
function next(meter) {
  const sent = parcel(meter.messages === end.total - 1);
  meter.count(end.size, sent.file === undefined ? [] : [sent.file]);
  return sent;
}

/** @param {Parcel} got */
function count({ text: received, file }) {
  end.received.count(received.length, file === undefined ? [] : [file]);
}

/** @type {() => void} */
let onDone = () => undefined;
const done = new Promise((resolve) => (onDone = () => resolve(undefined)));
const { call, socket } = await connect((got) => {
  count(got);
  if (end.received.done) onDone();
  return next(end.sent);
});

if (end.isSender) await Promise.all(Array.from({ length: WINDOW }, caller));
else await done;
end.report();
// The other end may still wait for its last answer.
if (end.isSender) socket.end();
if (!socket.destroyed) await once(socket, 'close');

/** One call after the other. */
async function caller() {
  while (!end.sent.done) {
    const answer = await call(next(end.sent));
    count(answer);
    if (typeof answer.file === 'object') answer.file.close();
  }
}

/** @param {(got: Parcel) => Parcel} handle @returns {Promise<Connection>} */
async function connectRpc(handle) {
  const { adopt } = await import('ancillary');
  const { rpc } = await import('ancillary/rpc');
  const adopted = adopt(SOCKET);
  /** @type {import('ancillary/rpc').Rpc<{ pass: (parcel: any) => any }>} */
  const connection = rpc(adopted, { pass: (/** @type {any} */ got) => handle(got) });
  return { call: (sent) => connection.call('pass', sent), socket: adopted };
}

/** @param {(got: Parcel) => Parcel} handle @returns {Promise<Connection>} */
async function connectJsonRpc(handle) {
  const { adopt } = await import('ancillary');
  const { fdMessageConnection } = await import('ancillary/rpc/vscode-jsonrpc');
  const { createMessageConnection } = await import('vscode-jsonrpc/node');
  const adopted = adopt(SOCKET);
  const connection = fdMessageConnection(createMessageConnection, adopted);
  return serve(connection, adopted, handle);
}

/** @param {(got: Parcel) => Parcel} handle @returns {Promise<Connection>} */
async function connectOverNet(handle) {
  const { createMessageConnection, SocketMessageReader, SocketMessageWriter } = await import('vscode-jsonrpc/node');
  const plain = new net.Socket({ fd: SOCKET, readable: true, writable: true });
  return serve(createMessageConnection(new SocketMessageReader(plain), new SocketMessageWriter(plain)), plain, handle);
}

/**
 * @param {import('vscode-jsonrpc/node').MessageConnection} connection
 * @param {import('node:stream').Duplex} duplex
 * @param {(got: Parcel) => Parcel} handle
 * @returns {Connection}
 */
function serve(connection, duplex, handle) {
  connection.onRequest('pass', handle);
  connection.listen();
  return { call: (sent) => connection.sendRequest('pass', sent), socket: duplex };
}
