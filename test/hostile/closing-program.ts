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
    async function main() {
      ${body}
      console.log('closed');
      console.log(await closeOther());
      process.exit();
    }
    main();`;
}
