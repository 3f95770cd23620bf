// One process accepts TCP connections and hands each to one of several workers, which talk to the client themselves.
// Run: node examples/prefork.mjs

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { adopt, fds, socketpair } from 'ancillary';
import { lengthPrefixed } from 'ancillary/codec';
import { framed } from 'ancillary/rpc';

await (process.argv[2] === undefined ? main() : work(process.argv[2]));
async function main() {
  const workers = ['worker 1', 'worker 2'].map(startWorker);
  // pauseOnConnect: bytes that Node has read cannot be handed on with the connection.
  const server = net.createServer({ pauseOnConnect: true });
  let next = 0;
  server.on('connection', (connection) => {
    const worker = workers[next++ % workers.length];
    const { bytes, fds = [] } = lengthPrefixed().encode({ bytes: Buffer.from(`client ${next}`), fds: [connection] });
    // transfer: the connection is closed here once it is on its way.
    worker?.socket.send(bytes, fds, { transfer: true }).catch((error) => console.error(error));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());

  for (let client = 1; client <= 4; client++) {
    const connection = net.connect(port, '127.0.0.1');
    connection.setEncoding('utf8').write('who are you?');
    const [answer] = await once(connection, 'data');
    console.log(`client ${client} got ${answer}`);
    connection.end();
  }

  server.close();
  for (const { socket } of workers) socket.resume().end(); // A worker ends with its socket.
  await Promise.all(workers.map(({ child }) => once(child, 'exit')));
}

/** @param {string} name */
function startWorker(name) {
  const [socket, theirs] = socketpair({ child: true });
  const self = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [self, name], { stdio: ['ignore', 'inherit', 'inherit', theirs.fd] });
  theirs.close(); // The worker has it as descriptor 3.
  return { socket, child };
}

/** @param {string} name */
async function work(name) {
  const connections = framed(adopt(3), lengthPrefixed());
  for await (const { bytes, fds: passed } of connections) {
    for (const fd of passed) {
      const socket = fds.toSocket(fd);
      socket.once('data', (question) => socket.end(`${name}, and you are ${bytes}. You asked: ${question}`));
      socket.on('error', console.error);
    }
  }
  await connections.close();
}
