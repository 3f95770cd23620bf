import { once } from 'node:events';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import {
  type AncillaryError,
  connect,
  FdQuota,
  fds,
  type FdSocket,
  listen,
  type OwnedFd,
  type PeerCredentials,
} from '../../../packages/ancillary';
import { give, rpc } from '../../../packages/rpc';
import { until } from '../../hostile/until';
import { clientAs, publicDirectory } from '../../socket/other-user';
import { codeOf, destroyed } from '../../socket/sockets';
import { identity } from '../../support/descriptors';
import { Served } from './served';

test(`connections beyond a user's are closed, of which 'refused' tells with whose they are, and others come in`, async () => {
  await using served = await Served.with(new FdQuota({ connections: 8 }));
  for (let index = 0; index < 4; index++) await served.connection();
  const refused = once(served.server, 'refused') as Promise<[AncillaryError, PeerCredentials]>;
  // Somebody has to want the next.
  const next = served.server[Symbol.asyncIterator]().next();
  const client = await served.client();
  await once(client.resume(), 'close');
  const [error, peer] = await refused;
  expect(error.code).toBe('ERR_FD_QUOTA');
  expect(error.message).toContain(`user ${process.getuid?.() ?? ''} has 4 connections`);
  expect(peer).toMatchObject({ uid: process.getuid?.(), pid: process.pid });
  expect(served.held.connections).toBe(4);
  await served.server.close();
  await next;
});

test('another user comes in when one has as many as it may, and its place is free again once it has left', async () => {
  const directory = publicDirectory();
  const where = path.join(directory, 'socket');
  const quota = new FdQuota({ connections: 40 });
  const server = await listen({ path: where, mode: 0o666 }, { quota });
  chmodSync(directory, 0o755);
  let refusals = 0;
  server.on('refused', () => refusals++);
  const accepted: number[] = [];
  server.on('connection', (socket) => {
    accepted.push(socket.peerCredentials.uid);
    socket.resume();
  });
  const mine = await Promise.all(Array.from({ length: 21 }, () => connect(where)));
  for (const socket of mine) socket.on('error', () => undefined).resume();
  await until(() => refusals === 1);
  await using other = clientAs({ uid: 12_345 }, where);
  await other.line();
  await until(() => accepted.includes(12_345));
  expect(quota.usage.users).toMatchObject([
    { uid: process.getuid?.(), connections: 20 },
    { uid: 12_345, connections: 1 },
  ]);
  for (const socket of mine) socket.destroy();
  other.kill();
  await other.finished;
  await until(() => quota.usage.held.connections === 0);
  expect(quota.usage.users).toEqual([]);
  await server.close();
  rmSync(directory, { recursive: true });
});

test('servers that were given one quota share it; those that were given none share another', async () => {
  const quota = new FdQuota({ connections: 100 });
  await using one = await Served.with(quota);
  await using other = await Served.with(quota);
  await one.connection();
  await other.connection();
  expect(quota.usage.held.connections).toBe(2);
});

test('with false nothing is counted', async () => {
  const where = path.join(publicDirectory(), 'socket');
  const server = await listen(where, { quota: false });
  const connection = once(server, 'connection');
  const client = await connect(where);
  const [socket] = (await connection) as [FdSocket];
  await client.send('x');
  await destroyed(client, socket);
  await server.close();
  rmSync(path.dirname(where), { recursive: true });
});

describe('options', () => {
  const given = (options: object): FdQuota => new FdQuota(options);
  test.each([
    [{ fds: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ fds: 1.5 }, 'ERR_OUT_OF_RANGE'],
    [{ bytes: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ connections: '5' }, 'ERR_INVALID_ARG_TYPE'],
    [{ inFlightFds: NaN }, 'ERR_OUT_OF_RANGE'],
    [{ share: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ share: 1.1 }, 'ERR_OUT_OF_RANGE'],
    [{ shares: 1 / 2 }, 'ERR_INVALID_ARG_VALUE'],
  ])('%j is refused', async (options, code) => {
    expect(await codeOf(() => given(options))).toBe(code);
  });

  test.each([
    [
      { connections: 1 },
      /^connections is .* from 2 up, .* not 1: one user may have half of them, or its share \(0.25\)/,
    ],
    [{ connections: 1, share: 0.9 }, /^connections is .* from 2 up, .* not 1: .* share \(0.9\)/],
    [{ fds: 2 }, /^fds is .* from 3 up, .* not 2: a connection is one/],
    [{ fds: 2, share: 1 }, /^fds is .* from 3 up, .* not 2/],
  ])('%j, of which nobody could have enough, is refused', (options, message) => {
    expect(() => given(options)).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE', message: expect.stringMatching(message) as string }) as Error,
    );
  });

  test.each([[{ connections: 2 }], [{ connections: 1, share: 1 }], [{ bytes: 1 }], [{ inFlightFds: 1 }]])(
    '%j is enough for a connection that calls, gets descriptors and gives some',
    async (options) => {
      await using served = await Served.with(given(options));
      const { socket, client } = await served.connection();
      rpc(socket, { echo: (file: OwnedFd) => give(file.dup()) });
      const peer = rpc<{ echo(file: OwnedFd): OwnedFd }>(client);
      using file = fds.memfd('file');
      for (let calls = 0; calls < 3; calls++) {
        using came = await peer.call('echo', file);
        expect(identity(came.fd)).toBe(identity(file.fd));
      }
      expect(served.refusals).toEqual([]);
    },
  );

  test.each([[true], [1], [{ fds: 5 }]])('quota: %j of listen() is refused before anything is bound', async (quota) => {
    const where = path.join('/nowhere', 'socket');
    expect(await codeOf(() => listen(where, { quota: quota as unknown as FdQuota }))).toBe('ERR_INVALID_ARG_TYPE');
  });

  test('the default is seven eighths of what the process may open, and half a gibibyte', () => {
    const { total } = new FdQuota().usage;
    const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]);
    expect(total).toMatchObject({ fds: Math.floor((limit * 7) / 8), bytes: 512 * 1024 * 1024 });
    expect(total.connections).toBe(total.fds);
    expect([limit, Infinity]).toContain(total.inFlightFds);
  });
});
