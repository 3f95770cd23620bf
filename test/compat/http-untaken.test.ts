import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { connect, type FdSocket, type OwnedFd, socketpair } from '../../packages/ancillary';
import { FdAgent, sendFds, takeFds } from '../../packages/ancillary/http';
import { until } from '../hostile/until';
import { closed } from '../support/peer';
import { identity, openDescriptors } from '../support/descriptors';
import { answerOf, fdSocketOf, HttpEnds, identitiesOf } from './http-ends';

let ends: HttpEnds;
beforeEach(async () => (ends = await HttpEnds.open()));
afterEach(() => ends.close());

/** What 'discarded' said of a connection, in a row. */
function discardedOf(socket: FdSocket): [reason: string, count: number][] {
  const said: [string, number][] = [];
  socket.on('discarded', ({ reason, count }) => said.push([reason, count]));
  return said;
}

/** A file, a server whose answers carry it, and an agent that keeps its one connection. */
function sentWithAnswers(): { agent: FdAgent; file: OwnedFd; open: () => number } {
  const [file] = ends.memories(1) as [OwnedFd];
  ends.serve((request, response) => {
    sendFds(response, [file]);
    response.end(request.url);
  });
  const same = identity(file.fd);
  const open = (): number => [...openDescriptors().keys()].filter((fd) => identity(fd) === same).length;
  return { agent: ends.agent({ keepAlive: true, maxSockets: 1 }), file, open };
}

describe('descriptors of an answer that nobody takes are closed, and the connection says so,', () => {
  it('when it was read to its end, while the connection is kept', async () => {
    const { agent, open } = sentWithAnswers();
    const answer = await answerOf(http.get({ agent, path: '/1' }));
    const socket = fdSocketOf(answer.socket);
    const said = discardedOf(socket);
    expect(open()).toBe(2);
    expect(await text(answer)).toBe('/1');
    await until(() => open() === 1);
    expect(said).toEqual([['untaken', 1]]);
    expect(socket).toMatchObject({ destroyed: false, stats: { fdsReceived: 1, fdsClosed: 1 } });
    expect(takeFds(answer)).toEqual([]);
  });

  it('when nobody asked for it', async () => {
    const { agent, open } = sentWithAnswers();
    const request = http.get({ agent });
    const [socket] = (await once(request, 'socket')) as [FdSocket];
    const said = discardedOf(socket);
    await until(() => said.length === 1);
    expect(said).toEqual([['untaken', 1]]);
    await until(() => open() === 1);
    expect(socket.destroyed).toBe(false);
  });

  it('when it is destroyed before its end', async () => {
    const [file] = ends.memories(1) as [OwnedFd];
    ends.serve((_request, response) => {
      sendFds(response, [file]);
      response.write('not all');
    });
    const answer = await answerOf(http.get({ agent: ends.agent() }));
    const said = discardedOf(fdSocketOf(answer.socket));
    answer.destroy();
    await until(() => said.length === 1);
    expect(said).toEqual([['untaken', 1]]);
  });

  it('when the connection is closed before an answer', async () => {
    const [file] = ends.memories(1) as [OwnedFd];
    const server = ends.serve(() => undefined);
    server.on('connection', (socket: FdSocket) => socket.writeFds('HTTP/1.1 200 OK\r\nX: ', [file]));
    const request = http.get({ agent: ends.agent() });
    request.on('error', () => undefined);
    const [socket] = (await once(request, 'socket')) as [FdSocket];
    const said = discardedOf(socket);
    await once(socket, 'fds');
    request.destroy();
    await until(() => said.length === 1);
    expect(said).toEqual([['destroyed', 1]]);
  });

  it('when they come after it', async () => {
    const [left, right] = socketpair();
    const [file] = ends.memories(1) as [OwnedFd];
    class Agent extends FdAgent {
      protected override open(): FdSocket {
        return left;
      }
    }
    const agent = new Agent('unused', { keepAlive: true });
    right.on('error', () => undefined);
    const said = discardedOf(left);
    const asked = answerOf(http.get({ agent }));
    right.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect(await text(await asked)).toBe('ok');
    await new Promise(setImmediate);
    right.writeFds('more', [file]);
    await until(() => said.length === 1);
    expect(said[0]?.[1]).toBe(1);
    agent.destroy();
    await closed(left, right);
  });
});

it('descriptors of an answer can be taken when its end was awaited, also where others wait for the connection', async () => {
  const { agent, file } = sentWithAnswers();
  const paths = ['/1', '/2', '/3', '/4'];
  const taken = paths.map(async (path) => {
    const answer = await answerOf(http.get({ agent, path }));
    return [await text(answer), ...identitiesOf(takeFds(answer))];
  });
  expect(await Promise.all(taken)).toEqual(paths.map((path) => [path, identity(file.fd)]));
});

it('a connection says what of a request was not taken, and what was none of its own', async () => {
  const said: [string, number][][] = [];
  const [file] = ends.memories(1) as [OwnedFd];
  ends.serve((request, response) => {
    said.push(discardedOf(fdSocketOf(request.socket)));
    response.end('ok');
  });
  const client = await connect(ends.address);
  client.writeFds('GET / HTTP/1.1\r\nHost: x\r\n\r\n', [file, file]);
  await until(() => said[0]?.length === 1);
  client.writeFds('GET / HT', [file]);
  await until(() => client.stats.framesSent === 2);
  client.destroy();
  await until(() => said[0]?.length === 2);
  expect(said).toEqual([
    [
      ['untaken', 2],
      ['destroyed', 1],
    ],
  ]);
});

it('a request that is told of again, later, gets none of the next one', async () => {
  const seen: (string | undefined)[][] = [];
  const [first, second] = ends.memories(2) as [OwnedFd, OwnedFd];
  const again: (() => void)[] = [];
  const server = ends.serve((request, response) => {
    seen.push([request.url, ...identitiesOf(takeFds(request))]);
    response.end('ok');
  });
  const accepted: FdSocket[] = [];
  server.on('connection', (socket) => accepted.push(fdSocketOf(socket)));
  server.on('checkContinue', (request, response) => {
    response.writeContinue();
    again.push(() => server.emit('request', request, response));
  });
  const client = await connect(ends.address);
  client.resume();
  client.writeFds('GET /1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n', [first]);
  await until(() => again.length === 1);
  client.writeFds('GET /2 HTTP/1.1\r\nHost: x', [second]);
  await until(() => accepted[0]?.stats.fdsReceived === 2);
  await new Promise(setImmediate);
  again[0]?.();
  client.write('\r\n\r\n');
  await until(() => seen.length === 2);
  expect(seen).toEqual([
    ['/1', identity(first.fd)],
    ['/2', identity(second.fd)],
  ]);
  client.destroy();
});
