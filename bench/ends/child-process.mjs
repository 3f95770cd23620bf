// Both ends of the works with child_process.send(): this process and one that it forks. The descriptor is a net.Socket,
// which stays open here (keepOpen) and is sent again. SIZE is the length of the message as text, before it is made JSON.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { end } from './node/end.mjs';
import { Trips } from './node/trips.mjs';

/** Messages under way before one is waited for. With descriptors Node itself sends one after the other. */
const WINDOW = end.variant === 'unawaited' ? 64 : 1;
const text = 'x'.repeat(end.size);
const withDescriptor = end.fds.length > 0;

/** The descriptor of a Unix socket, for fstat. @param {net.Socket | undefined} socket @returns {number[]} */
const fdsOf = (socket) => {
  const { _handle } = /** @type {{ _handle?: { fd: number } }} */ (/** @type {unknown} */ (socket ?? {}));
  return _handle === undefined ? [] : [_handle.fd];
};

if (process.send === undefined) await parent();
else await child();

async function parent() {
  const { usual, final, close } = await twoSockets();
  const other = fork(process.argv[1] ?? '', ['receiver', ...process.argv.slice(3)]);
  const exited = once(other, 'exit');
  const send = (/** @type {(error: Error | null) => void} */ callback) => {
    const socket = end.sent.messages === end.total - 1 ? final : usual;
    end.sent.count(text.length, withDescriptor ? fdsOf(socket) : []);
    other.send(text, withDescriptor ? socket : undefined, { keepOpen: true }, callback);
  };
  const more = end.work === 'echo' ? await ask(other, send) : await flood(send);
  end.report(more);
  const [code] = await exited;
  close();
  if (code !== 0) throw new Error(`the other end exited with ${code}`);
}

/** @param {(callback: (error: Error | null) => void) => void} send */
async function flood(send) {
  while (!end.sent.done) {
    for (let under = 1; under < WINDOW && end.sent.messages < end.total - 1; under++) send(throwIfAny);
    await new Promise((resolve) => send(resolve));
  }
  return {};
}

/** @param {Error | null} error */
function throwIfAny(error) {
  if (error) throw error;
}

/** @param {import('node:child_process').ChildProcess} other @param {(callback: typeof throwIfAny) => void} send */
function ask(other, send) {
  const trips = new Trips(end.total - end.count, end.count);
  return new Promise((resolve) => {
    other.on('message', (/** @type {string} */ message, handle) => {
      receive(message, handle);
      trips.end();
      if (end.received.done) {
        resolve(trips.report());
        return;
      }
      trips.begin();
      send(throwIfAny);
    });
    trips.begin();
    send(throwIfAny);
  });
}

/** @param {string} message @param {unknown} handle */
function receive(message, handle) {
  const socket = handle instanceof net.Socket ? handle : undefined;
  end.received.count(message.length, fdsOf(socket));
  socket?.destroy();
}

async function child() {
  const { usual, final, close } = await twoSockets();
  /** @type {Promise<void>} */
  const finished = new Promise((resolve) => {
    process.on('message', (/** @type {string} */ message, handle) => {
      receive(message, handle);
      if (end.work === 'echo') {
        const socket = end.sent.messages === end.total - 1 ? final : usual;
        end.sent.count(text.length, withDescriptor ? fdsOf(socket) : []);
        process.send?.(
          text,
          withDescriptor ? socket : undefined,
          { keepOpen: true },
          end.sent.done ? () => resolve() : throwIfAny,
        );
      } else if (end.received.done) resolve();
    });
  });
  await finished;
  end.report();
  close();
  process.disconnect();
}

/** Two sockets to send, connected to two that nobody uses. */
async function twoSockets() {
  const directory = mkdtempSync(path.join(tmpdir(), 'ancillary-bench-'));
  const address = path.join(directory, 'socket');
  const server = net.createServer({ pauseOnConnect: true }).listen(address);
  await once(server, 'listening');
  /** @type {net.Socket[]} */
  const accepted = [];
  server.on('connection', (socket) => accepted.push(socket));
  const usual = net.connect(address);
  await once(usual, 'connect');
  const final = net.connect(address);
  await once(final, 'connect');
  while (accepted.length < 2) await once(server, 'connection');
  const close = () => {
    for (const socket of [usual, final, ...accepted]) socket.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  };
  return { usual, final, close };
}
