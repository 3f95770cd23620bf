// Floods a server of bench/fairness.mjs: `node flooder.mjs ADDRESS PEERS small|descriptors`.

import { once } from 'node:events';
import { connect, fds } from 'ancillary';

const [address = '', peers = '1', flood] = process.argv.slice(2);
const CHUNK = Buffer.alloc(64 * 1024);
const BYTE = Buffer.alloc(1);
const [reading, writing] = fds.pipe();
const BUNDLE = new Array(253).fill(reading);

for (let peer = 0; peer < Number(peers); peer++) {
  const socket = await connect(address);
  // Its end is the server's to choose.
  socket.on('error', () => undefined);
  void (flood === 'small' ? floodBytes(socket) : floodDescriptors(socket)).catch(() => undefined);
}
process.send?.('flooding');
process.on('disconnect', () => {
  writing.close();
  process.exit();
});

/** @param {import('ancillary').FdSocket} socket */
async function floodBytes(socket) {
  while (!socket.destroyed) if (!socket.write(CHUNK)) await once(socket, 'drain');
}

/** @param {import('ancillary').FdSocket} socket */
async function floodDescriptors(socket) {
  while (!socket.destroyed) await socket.send(BYTE, BUNDLE);
}
