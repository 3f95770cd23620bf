import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type AncillaryError,
  connect,
  type FdServer,
  fds,
  type FdSocket,
  listen,
  type OwnedFd,
  type Peer,
  type PeerCredentials,
} from '../../packages/ancillary';
import { node } from '../support/children';
import { built } from '../support/built';
import { openDescriptors } from '../support/descriptors';
import { until } from '../hostile/until';
import { clientAs, publicDirectory } from './other-user';
import { codeOf, destroyed, nextOf } from './sockets';

let directory: string;
let where: string;
beforeEach(() => {
  directory = publicDirectory();
  where = path.join(directory, 'socket');
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

type Refusal = [error: AncillaryError, peer: PeerCredentials];

const own = { pid: process.pid, uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1 };

/** What a client reads: nothing but the end, or a reset. */
async function turnedAway(client: FdSocket): Promise<void> {
  client.on('error', () => undefined).resume();
  if (!client.closed) await new Promise<void>((resolve) => client.once('close', () => resolve()));
}

/** A server that takes connections as events. */
async function serve(options: Parameters<typeof listen>[1]): Promise<[FdServer, FdSocket[]]> {
  const server = await listen({ path: where, mode: 0o666 }, options);
  const connections: FdSocket[] = [];
  server.on('connection', (socket) => connections.push(socket));
  return [server, connections];
}

describe('who is let in', () => {
  it.each([
    ['at once', () => true],
    ['by a promise', () => Promise.resolve(true)],
    ['later', () => nextTurn(true)],
  ])('true %s: the connection comes with what it sent, and its peer is the same object', async (_, answer) => {
    const seen: Peer[] = [];
    const authorize = (peer: Peer): boolean | Promise<boolean> => (seen.push(peer), answer());
    await using server = await listen(where, { authorize });
    const client = await connect(where);
    await client.send('hello');
    const accepted = await nextOf(server[Symbol.asyncIterator]());
    expect(accepted.peer).toBe(seen[0]);
    expect(accepted.peer).toMatchObject(own);
    expect(accepted.peerCredentials).toEqual(own);
    using frame = await accepted.receive(5);
    expect(frame.bytes.toString()).toBe('hello');
    expect(seen).toHaveLength(1);
    await destroyed(client, accepted);
  });

  const thrown = new Error('the database is down');
  it.each([
    ['false', () => false, 'authorize() refused', undefined],
    ['a promise of false', () => Promise.resolve(false), 'authorize() refused', undefined],
    [
      'a thrown error',
      () => {
        throw thrown;
      },
      'authorize() failed',
      thrown,
    ],
    ['a rejection', () => nextTurn().then(() => Promise.reject(thrown)), 'the database is down', thrown],
    ['nothing', () => undefined, 'true or false, not undefined', expect.any(TypeError)],
    ['a truthy answer', () => Promise.resolve('no'), `true or false, not 'no'`, expect.any(TypeError)],
    [
      'a thenable that throws',
      () => ({
        then: () => {
          throw thrown;
        },
      }),
      'authorize() failed',
      thrown,
    ],
  ])('%s refuses: the connection is closed unread, and the event says whose it was', async (_, answer, text, cause) => {
    const [server, connections] = await serve({ authorize: answer as () => boolean });
    const refused = once(server, 'refused') as Promise<Refusal>;
    const before = openDescriptors().size;
    const client = await connect(where);
    const [error, peer] = await refused;
    expect(error).toMatchObject({ name: 'AncillaryError', code: 'ERR_UNAUTHORIZED' });
    expect(error.message).toContain(text);
    expect(error.message).toContain(`user ${own.uid} (process ${own.pid})`);
    expect(error.cause).toEqual(cause);
    expect(peer).toEqual(own);
    await turnedAway(client);
    expect(connections).toEqual([]);
    expect(server.toJSON().connections).toBe(0);
    expect(openDescriptors().size).toBe(before);
    await server.close();
  });

  it('processes of other users are told apart, with their groups', async () => {
    const seen: { uid: number; gid: number; groups: readonly number[] | undefined }[] = [];
    const [server, connections] = await serve({
      authorize: ({ uid, gid, groups }) => {
        seen.push({ uid, gid, groups });
        return groups?.includes(4242) === true;
      },
    });
    await using stranger = clientAs({ uid: 1234, gid: 5, groups: [6, 7] }, where);
    expect([await stranger.line(), await stranger.line()]).toEqual(['sent', 'closed']);
    await using member = clientAs(
      { uid: 1235, gid: 6, groups: Array.from({ length: 100 }, (_, at) => 4200 + at) },
      where,
    );
    expect(await member.line()).toBe('sent');
    await until(() => connections.length === 1);
    await connections[0]?.send('welcome');
    expect(await member.line()).toBe('welcome');
    expect(seen.map(({ uid, gid, groups }) => [uid, gid, groups?.length])).toEqual([
      [1234, 5, 2],
      [1235, 6, 100],
    ]);
    expect(connections[0]?.peer).toMatchObject({ uid: 1235, gid: 6, pid: member.pid });
    await destroyed(...connections);
    await server.close();
  });

  it('an inherited listening socket asks, too', async () => {
    const server = await listen(where);
    const copy = fds.dup(server);
    await server.close();
    await using successor = await listen({ fd: copy.take() }, { authorize: () => false });
    const refused = once(successor, 'refused') as Promise<Refusal>;
    successor.on('connection', () => undefined);
    const client = await connect(where);
    expect((await refused)[1]).toEqual(own);
    await turnedAway(client);
  });

  it('what is no function is refused before anything is bound', async () => {
    const wrong = { authorize: { uid: 0 } } as never;
    expect(await codeOf(() => listen(where, wrong))).toBe('ERR_INVALID_ARG_TYPE');
    expect(await codeOf(() => listen(where, { authorizeTimeout: -1 }))).toBe('ERR_OUT_OF_RANGE');
    expect(fs.existsSync(where)).toBe(false);
  });
});

describe('while a decision is awaited', () => {
  it('others pass it by: connections come in the order in which they are let in', async () => {
    const answers: ((answer: boolean) => void)[] = [];
    const [server, connections] = await serve({
      authorize: () => new Promise<boolean>((resolve) => answers.push(resolve)),
    });
    const clients = [await connect(where), await connect(where), await connect(where)];
    const turnedAwayOne = turnedAway(clients[1] as FdSocket);
    for (const [at, client] of clients.entries()) await client.send(String(at));
    await until(() => answers.length === 3);
    expect(connections).toEqual([]);
    answers[2]?.(true);
    await until(() => connections.length === 1);
    answers[0]?.(true);
    await until(() => connections.length === 2);
    const texts = await Promise.all(connections.map(async (each) => (await each.receive(1)).bytes.toString()));
    expect(texts).toEqual(['2', '0']);
    await server.close();
    answers[1]?.(true);
    await turnedAwayOne;
    expect(connections).toHaveLength(2);
    await destroyed(...clients, ...connections);
  });

  it('they are 64 at most, the next wait in the kernel, and come once others are decided', async () => {
    const answers: ((answer: boolean) => void)[] = [];
    const [server, connections] = await serve({
      authorize: () => new Promise<boolean>((resolve) => answers.push(resolve)),
    });
    const clients: FdSocket[] = [];
    for (let each = 0; each < 100; each++) clients.push(await connect(where));
    await until(() => answers.length === 64);
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    expect(answers).toHaveLength(64);
    answers[0]?.(false);
    await until(() => answers.length === 65);
    for (let each = 1; each < 100; each++) {
      await until(() => answers.length > each);
      answers[each]?.(true);
    }
    await until(() => connections.length === 99);
    await destroyed(...clients, ...connections);
    await server.close();
  });

  it('they count as connections for maxConnections', async () => {
    const answers: ((answer: boolean) => void)[] = [];
    const [server, connections] = await serve({
      authorize: () => new Promise<boolean>((resolve) => answers.push(resolve)),
    });
    server.maxConnections = 1;
    const dropped = once(server, 'drop');
    const clients = [await connect(where), await connect(where)];
    await dropped;
    answers[0]?.(true);
    await until(() => connections.length === 1);
    expect(answers).toHaveLength(1);
    await destroyed(...clients, ...connections);
    await server.close();
  });

  it('one that never settles is refused when its time is over, and a late answer is ignored', async () => {
    let late: ((answer: boolean) => void) | undefined;
    const [server, connections] = await serve({
      authorizeTimeout: 1,
      authorize: () => new Promise<boolean>((resolve) => (late = resolve)),
    });
    const refused = once(server, 'refused') as Promise<Refusal>;
    const client = await connect(where);
    const [error] = await refused;
    expect(error.message).toContain('did not settle within 1 ms');
    late?.(true);
    await turnedAway(client);
    await nextTurn();
    expect(connections).toEqual([]);
    await server.close();
  });

  it.each([
    ['close()', async (server: FdServer) => server.close()],
    [
      'its signal',
      async (_server: FdServer, abort: AbortController) => {
        await nextTurn();
        abort.abort();
      },
    ],
  ])('%s of the server closes them, and tells nobody', async (_, end) => {
    const before = openDescriptors().size;
    const abort = new AbortController();
    const pidfds: (OwnedFd | undefined)[] = [];
    const [server, connections] = await serve({
      signal: abort.signal,
      authorize: (peer) => {
        pidfds.push(peer.pidfd);
        return new Promise<boolean>(() => undefined);
      },
    });
    const refusals: unknown[] = [];
    server.on('refused', (error) => refusals.push(error));
    const clients = [await connect(where), await connect(where)];
    await until(() => pidfds.length === 2);
    const ended = once(server, 'close');
    await end(server, abort);
    await ended;
    await Promise.all(clients.map(turnedAway));
    expect([refusals, connections]).toEqual([[], []]);
    expect(pidfds.every((each) => each === undefined || each.closed)).toBe(true);
    expect(openDescriptors().size).toBe(before);
  });

  it('authorize() may close the server, and its answer counts no more', async () => {
    const [server, connections] = await serve({
      authorize: () => {
        void server.close();
        return true;
      },
    });
    const client = await connect(where);
    await once(server, 'close');
    await turnedAway(client);
    expect(connections).toEqual([]);
  });

  it('what a client sent before it left is not lost', async () => {
    let letIn: ((answer: boolean) => void) | undefined;
    const [server, connections] = await serve({
      authorize: () => new Promise<boolean>((resolve) => (letIn = resolve)),
    });
    const client = await connect(where);
    await client.send('and gone');
    await destroyed(client);
    await until(() => letIn !== undefined);
    letIn?.(true);
    await until(() => connections.length === 1);
    const frame = await connections[0]?.receive(8);
    expect(frame?.bytes.toString()).toBe('and gone');
    await destroyed(...connections);
    await server.close();
  });
});

describe('a warning where nobody listens to refused', () => {
  const run = async (authorize: string): Promise<string> => {
    const child = node(
      `
      const { listen, connect } = require(${JSON.stringify(built())});
      process.on('warning', (warning) => console.log(warning.code, warning.message));
      (async () => {
        const server = await listen(process.argv[1], { authorize: ${authorize} });
        server.on('connection', () => undefined);
        for (let each = 0; each < 2; each++) {
          const client = await connect(process.argv[1]);
          await new Promise((resolve) => client.resume().on('error', () => undefined).on('close', resolve));
        }
        await server.close();
      })();`,
      { args: [where] },
    );
    return (await child.succeeded()).stdout;
  };

  it('comes once where authorize() failed', async () => {
    const output = await run(`() => { throw new Error('mine'); }`);
    expect(output.match(/ANCILLARY_SERVER authorize\(\) failed for user \d+ .*mine/g)).toHaveLength(1);
  });

  it('does not come where it said no', async () => {
    expect(await run('() => false')).toBe('');
  });
});

describe('the pidfd', () => {
  it('is that of the process, is closed with the connection, and stays where it was taken', async () => {
    const before = openDescriptors().size;
    const [server, connections] = await serve({ authorize: () => true });
    const client = await connect(where);
    await until(() => connections.length === 1);
    const [connection] = connections as [FdSocket];
    const { pidfd } = connection.peer;
    if (pidfd === undefined) throw new Error('this kernel has no SO_PEERPIDFD: Linux has it since 6.5');
    expect(connection.peer.pidfd).toBe(pidfd);
    expect(pidOf(pidfd.fd)).toBe(process.pid);
    expect(fds.describeFd(pidfd).kind).toBe('pidfd');
    const taken = pidfd.take();
    const second = connection.peer.pidfd;
    expect(second?.fd).not.toBe(taken);
    await destroyed(client, connection);
    expect(second?.closed).toBe(true);
    expect(pidOf(taken)).toBe(process.pid);
    fs.closeSync(taken);
    await server.close();
    expect(openDescriptors().size).toBe(before);
  });

  it('is closed with a connection that is refused', async () => {
    let pidfd: OwnedFd | undefined;
    const [server] = await serve({ authorize: (peer) => ((pidfd = peer.pidfd), false) });
    const refused = once(server, 'refused');
    const client = await connect(where);
    await refused;
    expect(pidfd?.closed).toBe(true);
    await turnedAway(client);
    await server.close();
  });

  it('asked for when the process is gone, never means another one', async () => {
    const peers: Peer[] = [];
    const [server, connections] = await serve({ authorize: (peer) => (peers.push(peer), true) });
    const client = clientAs({ uid: 1234 }, where);
    await client.line();
    await until(() => connections.length === 1);
    client.kill();
    await client.finished;
    const [peer] = peers as [Peer];
    expect(peer.pid).toBe(client.pid);
    // Of a process that was waited for the kernel gives a pidfd without a number (docs/kernel.md 56), or none.
    const { pidfd } = peer;
    expect(pidfd === undefined ? -1 : pidOf(pidfd.fd)).toBe(-1);
    await destroyed(...connections);
    await server.close();
  });

  it('and groups that were not read before the end are ERR_FD_CLOSED, others stay', async () => {
    const [server, connections] = await serve({ authorize: () => true });
    const client = await connect(where);
    await until(() => connections.length === 1);
    const { peer } = connections[0] as FdSocket;
    const { groups } = peer;
    await destroyed(client, ...connections);
    expect(peer.groups).toBe(groups);
    expect(await codeOf(() => peer.pidfd)).toBe('ERR_FD_CLOSED');
    expect(await codeOf(() => peer.securityLabel)).toBe('ERR_FD_CLOSED');
    expect(await codeOf(() => connections[0]?.peer)).toBe('ERR_FD_CLOSED');
    await server.close();
  });

  it('costs no descriptor where nobody asks', async () => {
    const [server, connections] = await serve({ authorize: ({ uid }) => uid === own.uid });
    const before = openDescriptors().size;
    const client = await connect(where);
    await until(() => connections.length === 1);
    expect(openDescriptors().size).toBe(before + 2);
    await destroyed(client, ...connections);
    await server.close();
  });
});

/** The number of a pidfd's process, -1 once that is gone. */
function pidOf(pidfd: number): number {
  return Number(/^Pid:\s*(-?\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${pidfd}`, 'utf8'))?.[1]);
}
