import { plainJavaScript } from '../support/plain-javascript';

/**
 * JavaScript that closes what a peer sent by descriptor 3, as `body` says, and then prints `closed` and, once what another peer sent
 * was closed as well, `and others`.
 */
export function closingProgram(body: string): string {
  return `
    const { once } = require('node:events');
    const { Worker } = require('node:worker_threads');
    const { text } = require('node:stream/consumers');
    const library = ${JSON.stringify(plainJavaScript())};
    const { adopt, connect, fds, listen, OwnedFd, raw, socketpair } = require(library);
    const others = socketpair();
    // Comes back when a thread has closed what another peer sent.
    async function closeOther() {
      const [reader, writer] = fds.pipe();
      others[0].send('y', [writer], { transfer: true });
      (await others[1].receive(1)).close();
      return await text(fds.toReadStream(reader)) === '' ? 'and others' : '?';
    }
    // Sends what waits at descriptor 3, with bytes before it and a byte out of band: it is with the last of these that is not empty.
    async function sendSlow(to, before, urgent, behind) {
      const [fd] = (await adopt(3).receive(1)).fds;
      const source = \`
import array, socket, sys
s = socket.socket(fileno=3)
rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [4]))]
before, urgent, behind = sys.argv[1].encode(), sys.argv[2].encode(), sys.argv[3].encode()
if before: s.send(before)
if urgent: s.sendmsg([urgent], [] if behind else rights, socket.MSG_OOB)
if behind: s.sendmsg([behind], rights)
\`;
      const { status } = require('node:child_process').spawnSync('python3', ['-c', source, before, urgent, behind], {
        stdio: ['ignore', 'inherit', 'inherit', to, fd.fd],
      });
      if (status !== 0) throw new Error('python3: ' + status);
      const { fd: number } = fd;
      fd.close();
      // A thread does it. From then on there is no other.
      while (require('node:fs').existsSync('/proc/self/fd/' + number)) await new Promise(setImmediate);
    }
    // A connection that net accepted, and nobody has read.
    async function acceptByNet() {
      const server = require('node:net').createServer({ pauseOnConnect: true });
      const address = { path: require('node:path').join(require('node:os').tmpdir(), 'ancillary-slow-' + process.pid) };
      server.listen(address);
      await once(server, 'listening');
      const [[accepted], client] = await Promise.all([once(server, 'connection'), connect(address)]);
      server.close();
      return { accepted, client };
    }
    async function main() {
      ${body}
      console.log('closed');
      console.log(await closeOther());
      process.exit();
    }
    main();`;
}
