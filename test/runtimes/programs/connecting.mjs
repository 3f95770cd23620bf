import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { adopt, connect, listen } from 'ancillary';
import { contentOf, file, rejectsWith } from './file.mjs';

/** @param {(address: string) => Promise<void>} check */
async function atPath(check) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ancillary-smoke-'));
  try {
    await check(path.join(directory, 'socket'));
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

/** One request and its answer. @param {import('ancillary').FdServer} server @param {Parameters<typeof connect>[0]} address */
async function converse(server, address) {
  server.on('connection', (socket) => {
    socket.on('fds', async ({ fds: [fd] }) => {
      await socket.send(`user ${socket.peerCredentials.uid} sent: ${await contentOf(fd)}`);
      socket.end();
    });
    socket.resume();
  });
  const client = await connect(address);
  const sent = file('a file');
  await client.send('x', [sent]);
  sent.close();
  client.end();
  let answer = '';
  for await (const chunk of client) answer += String(chunk);
  assert.equal(answer, `user ${process.getuid?.()} sent: a file`);
}

export const checks = {
  async 'listen() and connect() at a path'() {
    await atPath(async (address) => {
      const server = await listen(address);
      assert.equal(fs.statSync(address).mode & 0o777, 0o600);
      await rejectsWith(listen(address), 'EADDRINUSE');
      await converse(server, address);
      await server.close();
      assert.equal(fs.existsSync(address), false);
      await rejectsWith(connect(address), 'ENOENT');
    });
  },

  async 'listen() with a mode, and connections by for await'() {
    await atPath(async (address) => {
      const server = await listen({ path: address, mode: 0o666 });
      assert.equal(fs.statSync(address).mode & 0o777, 0o666);
      const client = await connect(address);
      for await (const socket of server) {
        socket.destroy();
        break;
      }
      client.destroy();
      await server.close();
    });
  },

  async 'listen() and connect() at an abstract name'() {
    const address = { abstract: `ancillary-smoke-${process.pid}` };
    const server = await listen(address);
    await converse(server, address);
    await server.close();
  },

  async 'adopt() of a net.Socket'() {
    await atPath(async (address) => {
      const server = net.createServer({ pauseOnConnect: true }, (socket) => {
        const adopted = adopt(socket);
        adopted.on('fds', async ({ fds: [fd] }) => adopted.end(await contentOf(fd)));
        adopted.resume();
      });
      server.listen(address);
      await once(server, 'listening');
      const client = await connect(address);
      const sent = file('through net');
      await client.send('x', [sent]);
      sent.close();
      client.end();
      let answer = '';
      for await (const chunk of client) answer += String(chunk);
      server.close();
      assert.equal(answer, 'through net');
    });
  },

  async 'connect() gives up when it is aborted'() {
    await rejectsWith(connect('/nonexistent', { signal: AbortSignal.abort() }), 'ABORT_ERR');
  },
};
