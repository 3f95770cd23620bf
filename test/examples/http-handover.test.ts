import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { nativeBinding } from '../../packages/binding-native';
import { built } from '../support/built';
import { node, runDirectory } from '../support/children';

// An HTTP server hands its listening socket to its successor while clients ask, as the recipes do it.

const ENOUGH = 300;
const TOO_MANY = 200_000;

/** A server that answers with its name; the second gets its socket from the first, at descriptor 3 of both. */
const SERVER = `
  const { once } = require('node:events');
  const http = require('node:http');
  const net = require('node:net');
  const { adopt, fds, handoff, listen } = require(${JSON.stringify(built())});
  const [kind, name, where] = process.argv.slice(1);

  let leaving = false;
  const application = http.createServer((_request, response) => {
    if (leaving) response.setHeader('Connection', 'close');
    response.end(name);
  });

  async function received() {
    const fd = await handoff.receiveFd(other, { acknowledge: true });
    return kind === 'net' ? fds.toServer(fd, { allowHalfOpen: true }) : listen({ fd: fd.take() });
  }

  async function created() {
    if (kind !== 'net') return listen(where);
    const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  const other = adopt(3);
  (async () => {
    const server = await (name === 'first' ? created() : received());
    server.on('connection', (connection) => application.emit('connection', connection));
    if (name !== 'first') return;
    console.log(kind === 'net' ? server.address().port : 0);
    await handoff.sendFd(other, server, { acknowledge: true });
    leaving = true;
    other.destroy();
    await server.close();
  })();`;

describe.each([
  ['a net.Server on TCP', 'net'],
  ['a server of listen() at a path', 'path'],
])('%s', (_, kind) => {
  it.each([
    ['connections that are kept', true],
    ['a connection for each request', false],
  ])('no request fails, with %s', async (_, keepAlive) => {
    const where = path.join(runDirectory(), `handover-${process.pid}-${String(keepAlive)}.sock`);
    const [left, right] = nativeBinding.socketpair();
    await using first = node(SERVER, { descriptors: [left.fd], args: [kind, 'first', where] });
    left.close();
    const port = Number(await first.line());
    const agent = new http.Agent({ keepAlive });
    const place = kind === 'net' ? { host: '127.0.0.1', port } : { socketPath: where };
    const answers = { first: 0, second: 0 };
    const ask = async (): Promise<void> => {
      const [response] = (await once(http.get({ ...place, agent }), 'response')) as [http.IncomingMessage];
      answers[(await text(response)) as 'first' | 'second']++;
    };
    const load = Promise.all(
      Array.from({ length: 12 }, async () => {
        while (answers.second < ENOUGH && answers.first < TOO_MANY) await ask();
      }),
    );
    while (answers.first < ENOUGH) await ask();

    await using second = node(SERVER, { descriptors: [right.fd], args: [kind, 'second', where] });
    right.close();
    await load;
    agent.destroy();
    await first.succeeded();
    expect(answers.first).toBeGreaterThanOrEqual(ENOUGH);
    expect(answers.second).toBeGreaterThanOrEqual(ENOUGH);
    expect(fs.existsSync(where)).toBe(kind === 'path');
    second.kill();
    fs.rmSync(where, { force: true });
  });
});
