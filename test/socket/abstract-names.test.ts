import { once } from 'node:events';
import { connect, type FdSocket, fds, listen } from '../../packages/ancillary';
import { node } from '../support/children';
import { built } from '../support/built';
import { until } from '../hostile/until';
import { clientAs } from './other-user';
import { destroyed, nextOf } from './sockets';

const name = (what: string): string => `ancillary-${what}-${process.pid}`;

it('an abstract name admits its own user', async () => {
  const abstract = name('own');
  await using server = await listen({ abstract });
  const client = await connect({ abstract });
  const accepted = await nextOf(server[Symbol.asyncIterator]());
  expect(accepted.peer.uid).toBe(process.geteuid?.());
  await destroyed(client, accepted);
});

it('and no other, with a typed reason', async () => {
  const abstract = name('others');
  await using server = await listen({ abstract });
  const connections: FdSocket[] = [];
  server.on('connection', (socket) => connections.push(socket));
  const refused = once(server, 'refused');
  await using client = clientAs({ uid: 1234 }, `@${abstract}`);
  expect([await client.line(), await client.line()]).toEqual(['sent', 'closed']);
  const [error, peer] = (await refused) as [Error, object];
  expect(error).toMatchObject({ code: 'ERR_UNAUTHORIZED' });
  expect(error.message).toContain(`user 1234 (process ${client.pid}) may not connect to @${abstract}`);
  expect(peer).toEqual({ uid: 1234, gid: 65_534, pid: client.pid });
  expect(connections).toEqual([]);
});

it('authorize takes the place of that', async () => {
  const abstract = name('told');
  await using server = await listen({ abstract }, { authorize: () => true });
  const connections: FdSocket[] = [];
  server.on('connection', (socket) => connections.push(socket));
  await using client = clientAs({ uid: 1234 }, `@${abstract}`);
  expect(await client.line()).toBe('sent');
  await until(() => connections.length === 1);
  expect(connections[0]?.peer.uid).toBe(1234);
  await destroyed(...connections);
});

it('so is one that was inherited', async () => {
  const abstract = name('inherited');
  const server = await listen({ abstract });
  const copy = fds.dup(server);
  await server.close();
  await using successor = await listen({ fd: copy.take() });
  successor.on('connection', () => undefined);
  const refused = once(successor, 'refused');
  await using client = clientAs({ uid: 1234 }, `@${abstract}`);
  expect((await refused)[1]).toMatchObject({ uid: 1234, pid: client.pid });
});

it.each([
  [54_321, 54_321, 'let in'],
  [54_321, 0, 'refused'],
])('a server that becomes user %d admits %d: %s, also root', async (becomes, uid, expected) => {
  const abstract = name(`becomes-${uid}`);
  await using server = node(
    `
    const { listen } = require(${JSON.stringify(built())});
    listen({ abstract: process.argv[1] }).then((server) => {
      server.on('connection', (socket) => { console.log('let in'); socket.destroy(); });
      server.on('refused', () => console.log('refused'));
      process.setgid(65534); process.setuid(${becomes});
      console.log('ready');
    });`,
    { args: [abstract] },
  );
  expect(await server.line()).toBe('ready');
  await using client = clientAs({ uid }, `@${abstract}`);
  expect(await server.line()).toBe(expected);
  expect(await client.line()).toBe('sent');
});
