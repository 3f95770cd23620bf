// Two processes talk by comlink, and only one of them may create files. The other asks it for a log file, and writes to it
// by itself.
// Run: node examples/comlink-file.mjs

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { adopt, fds, socketpair } from 'ancillary';
import { give } from 'ancillary/rpc';
import { fdEndpoint } from 'ancillary/rpc/comlink';
import { expose, wrap } from 'comlink';

await (process.argv[2] === 'client' ? client() : server());

async function server() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ancillary-'));
  const [ours, theirs] = socketpair({ child: true });
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'client'], {
    stdio: ['ignore', 'inherit', 'inherit', theirs.fd],
  });
  theirs.close();

  const logs = {
    /** @param {string} name */
    create(name) {
      if (!/^\w+$/.test(name)) throw new Error(`'${name}' is no name for a log`);
      return { name, file: give(fs.openSync(path.join(directory, name), 'a')) };
    },
    /** @param {{ file: import('ancillary').OwnedFd }} log its descriptor is closed when this was answered */
    size: ({ file }) => Number(fds.expectFd(file, { kind: 'file' }).size),
  };
  expose(logs, fdEndpoint(ours));

  await once(child, 'exit');
  console.log('the server finds:', fs.readFileSync(path.join(directory, 'work'), 'utf8'));
  fs.rmSync(directory, { recursive: true });
}

async function client() {
  const socket = adopt(3);
  /** @type {any} */
  const logs = wrap(fdEndpoint(socket));
  const log = await logs.create('work');
  fs.writeSync(log.file.fd, 'the work is done');
  console.log('the log has', await logs.size(log), 'bytes');
  log.file.close();
  await logs.create('../work').catch((/** @type {Error} */ { message }) => console.log('refused:', message));
  socket.end();
}
