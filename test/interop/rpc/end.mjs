// One end of a connection between two processes, over which a framework calls in both directions: node end.mjs FRAMEWORK
// PACKAGE COUNT. The socket is descriptor 3. Both ends run this. It prints what passed, and what was wrong, as JSON.

import { fstatSync, readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { adopt, fds } from 'ancillary';
import { give } from 'ancillary/rpc';

/**
 * What goes one way, a descriptor in it or not. `identity` is that of the file, as whoever sends it sees it.
 * @typedef {object} Parcel
 * @property {number} index
 * @property {unknown} [file] an OwnedFd where it arrives
 * @property {string} [identity]
 * @property {true} [last] the peer calls no more
 */

/**
 * A framework over the socket. `handle` is to be called with the argument of each call, and gives the answer.
 * @typedef {(socket: import('ancillary').FdSocket, name: string, handle: (parcel: Parcel) => Parcel) => Promise<Connection>} Connect
 * @typedef {{ call(parcel: Parcel): Promise<Parcel>, close(): unknown }} Connection
 */

const BURST = 100;

const [, , framework = '', name = '', total = '1000'] = process.argv;
const count = Number(total);
/** @type {{ connect: Connect, wrap?: (fd: unknown) => unknown, unwrap?: (value: any) => import('ancillary').OwnedFd }} */
const { connect, wrap = (fd) => fd, unwrap = (fd) => fd } = await import(`./${framework}.mjs`);

let wrong = 0;
let leaked = 0;
process.on('warning', (/** @type {Error & { code?: string }} */ warning) => {
  if (warning.code === 'ANCILLARY_LEAK') leaked++;
  else console.error(warning);
});

/** @param {number} fd */
function identityOf(fd) {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return `${dev}:${ino}`;
}

/** Every other one has a descriptor. @param {number} index @returns {Parcel} */
function parcel(index) {
  if (index % 2 === 1) return { index };
  const file = fds.memfd(`parcel ${index}`);
  return { index, file: wrap(give(file)), identity: identityOf(file.fd) };
}

/** @param {Parcel} received @param {number} expected its index */
function check({ index, file, identity }, expected) {
  if (index !== expected || (file !== undefined) !== (index % 2 === 0)) wrong++;
  else if (file !== undefined && identityOf(unwrap(file).fd) !== identity) wrong++;
}

/** @type {(value?: unknown) => void} */
let peerIsDone = () => undefined;
const peerDone = new Promise((resolve) => (peerIsDone = resolve));

const socket = adopt(3);
const connection = await connect(socket, name, (received) => {
  if (received.last === true) peerIsDone();
  else check(received, received.index);
  return parcel(received.index);
});

for (let index = 0; index < 2 * count; index += BURST) {
  const burst = Array.from({ length: Math.min(BURST, 2 * count - index) }, async (_, at) => {
    const answer = await connection.call(parcel(index + at));
    check(answer, index + at);
    if (answer.file !== undefined) unwrap(answer.file).close();
  });
  await Promise.all(burst);
}
await connection.call({ index: 1, last: true });
await peerDone;
// Until the answer to its last call is on its way.
await nextTurn();
const { framesSent, fdsSent, fdsReceived } = socket.stats;
await connection.close();
if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
console.log(JSON.stringify({ framesSent, fdsSent, fdsReceived, wrong, leftOver: leaked + (await filesLeft()) }));

async function filesLeft() {
  const left = () => readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith('/memfd:parcel')).length;
  // Threads close what came from others.
  for (const deadline = performance.now() + 5000; left() > 0 && performance.now() < deadline;) await nextTurn();
  return left();
}

/** @param {string} fd */
function linkOf(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ''; // It is the one that read the folder.
  }
}
