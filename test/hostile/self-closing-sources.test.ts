import { once } from 'node:events';
import fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { connect, fds, type FdSocket, listen, OwnedFd, adopt, socketpair } from '../../packages/ancillary';
import { sendFds, takeFds } from '../../packages/ancillary/http';
import { USocket } from '../../packages/ancillary/usocket';
import { createStream } from '../../packages/ancillary/x11';
import { answerOf, HttpEnds } from '../compat/http-ends';
import { runDirectory } from '../support/children';
import { identity } from '../support/descriptors';
import { until } from './until';

// A FileHandle, a stream and a net.Socket close their numbers themselves: who closes one behind their back has them close
// somebody else's file later, or abort the process.

type Source = FileHandle | fs.ReadStream | net.Socket;

async function connected(): Promise<net.Socket> {
  const server = net.createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  server.close();
  return socket;
}

async function readStream(): Promise<fs.ReadStream> {
  const stream = fs.createReadStream(__filename);
  await once(stream, 'ready');
  return stream;
}

const sources: [name: string, make: () => Promise<Source>][] = [
  ['a FileHandle', () => open(__filename)],
  ['an fs.ReadStream', readStream],
  ['a net.Socket', connected],
];

/** -1 where the source knows that it is closed. */
function numberIn(source: Source): number {
  if (source instanceof net.Socket) return fds.describeFd(source).fd;
  return (source as { fd?: number | null }).fd ?? -1;
}

const knowsItIsClosed = (source: Source): boolean => ('destroyed' in source ? source.closed : source.fd === -1);

const closeAgain = (source: Source): unknown =>
  'destroy' in source ? source.destroy() : source.close().catch(() => undefined);

/** Who takes a descriptor to close it, and resolves with what arrived. */
const takers: [name: string, give: (source: Source) => Promise<OwnedFd>][] = [
  [
    'send()',
    async (source) => {
      const [left, right] = socketpair();
      await left.send('x', [source], { transfer: true });
      const frame = await right.receive(1);
      left.destroy();
      right.destroy();
      return frame.fds[0] as OwnedFd;
    },
  ],
  [
    'sendFds() with an answer',
    async (source) => {
      const ends = await HttpEnds.open();
      ends.serve((_request, response) => {
        sendFds(response, [source], { transfer: true });
        response.end('ok');
      });
      const answer = await answerOf(http.get({ agent: ends.agent() }));
      const [fd] = takeFds(answer);
      answer.resume();
      await ends.close();
      return fd as OwnedFd;
    },
  ],
  [
    'sendFds() with a request',
    async (source) => {
      const ends = await HttpEnds.open();
      const arrived = new Promise<OwnedFd[]>((resolve) =>
        ends.serve((request, response) => {
          resolve(takeFds(request));
          response.end('ok');
        }),
      );
      const request = http.get({ agent: ends.agent() });
      sendFds(request, [source], { transfer: true });
      (await answerOf(request)).resume();
      await ends.close();
      return (await arrived)[0] as OwnedFd;
    },
  ],
  [
    'sendFds() of a stream for node-x11',
    async (source) => {
      const [left, right] = socketpair();
      const stream = createStream(left);
      stream.sendFds(Buffer.from('x'), [source as never]);
      const frame = await right.receive(1);
      stream.destroy();
      right.destroy();
      return frame.fds[0] as OwnedFd;
    },
  ],
];

describe.each(takers)('%s', (_taker, give) => {
  it.each(sources)('has %s close itself, once', async (_source, make) => {
    const source = await make();
    const was = identity(numberIn(source));
    using arrived = await give(source);
    expect(identity(arrived.fd)).toBe(was);
    await until(() => knowsItIsClosed(source));
    // Whoever opens something now may be given its number.
    const others = Array.from({ length: 20 }, () => fs.openSync('/dev/null', 'r'));
    await closeAgain(source);
    expect(others.map((fd) => identity(fd))).toEqual(others.map(() => identity(others[0] as number)));
    for (const fd of others) fs.closeSync(fd);
  });
});

describe('what could not be sent, and was given away, closes itself', () => {
  it.each(sources)('%s, with an answer that is destroyed', async (_source, make) => {
    const source = await make();
    const ends = await HttpEnds.open();
    ends.serve((_request, response) => {
      sendFds(response, [source], { transfer: true });
      response.destroy();
    });
    await once(http.get({ agent: ends.agent() }), 'error');
    await until(() => knowsItIsClosed(source));
    await ends.close();
  });

  it.each(sources)('%s, of a stream that is destroyed', async (_source, make) => {
    const source = await make();
    const [left, right] = socketpair();
    const stream = createStream(left);
    stream.destroy();
    right.destroy();
    expect(await new Promise((resolve) => stream.sendFds(Buffer.from('x'), [source as never], resolve))).toBeTruthy();
    await until(() => knowsItIsClosed(source));
  });
});

it('a socket that waits behind another answer is not read here', async () => {
  const ends = await HttpEnds.open();
  const accepted = new Promise<net.Socket>((resolve) => {
    const server = net.createServer({ pauseOnConnect: true }, (socket) => {
      server.close();
      resolve(socket);
    });
    server.listen(path.join(runDirectory(), `given-${process.pid}`));
  });
  const peer = net.connect(path.join(runDirectory(), `given-${process.pid}`));
  const given = await accepted;
  let slow: http.ServerResponse | undefined;
  ends.serve((_request, response) => {
    if (slow === undefined) {
      slow = response;
      return;
    }
    given.resume();
    sendFds(response, [given], { transfer: true });
    response.end('ok');
    peer.end('for the other end', () => slow?.end('first'));
  });
  const client = await connect(ends.address);
  client.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
  let fd: OwnedFd | undefined;
  client.on('fds', (frame) => ([fd] = frame.fds.splice(0))).resume();
  await until(() => fd !== undefined);
  const socket = fds.toSocket(fd as OwnedFd);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  expect(String(bytes)).toBe('for the other end');
  socket.destroy();
  client.destroy();
  await ends.close();
});

let made = 0;

describe('who takes a number over refuses', () => {
  /** A stream over a descriptor that is a connected socket, and one that listens. */
  async function over(): Promise<{ stream: fs.ReadStream; listening: fs.ReadStream; peer: FdSocket }> {
    const [left, peer] = socketpair();
    const number = fds.dup(left).take();
    left.destroy();
    const server = await listen({ abstract: `ancillary-over-${process.pid}-${made++}` });
    const listener = fds.dup(server).take();
    await server.close();
    return {
      stream: fs.createReadStream('', { fd: number, autoClose: true }),
      listening: fs.createReadStream('', { fd: listener, autoClose: true }),
      peer,
    };
  }

  const takings: [name: string, take: (given: never, listening: never) => unknown][] = [
    ['OwnedFd.adopt()', (given) => OwnedFd.adopt(given)],
    ['adopt()', (given) => adopt(given)],
    ['toSocket()', (given) => fds.toSocket(given)],
    ['toServer()', (_given, listening) => fds.toServer(listening)],
    ['listen()', (_given, listening) => listen(listening)],
    ['listen({ fd })', (_given, listening) => listen({ fd: listening })],
    ['new USocket()', (given) => new USocket(given)],
    ['new USocket({ fd })', (given) => new USocket({ fd: given })],
    ['unshift()', (given) => new USocket().unshift(null, [given])],
  ];

  it.each(takings)('what closes itself: %s', async (_name, take) => {
    const { stream, listening, peer } = await over();
    const before = [stream, listening].map((each) => identity(numberIn(each)));
    await expect(new Promise((resolve) => resolve(take(stream as never, listening as never)))).rejects.toThrow(
      TypeError,
    );
    expect([stream, listening].map((each) => identity(numberIn(each)))).toEqual(before);
    for (const each of [stream, listening]) {
      each.destroy();
      await once(each, 'close');
    }
    peer.destroy();
  });

  it.each<[string, (given: never) => unknown]>([
    ['toReadStream()', (given) => fds.toReadStream(given)],
    ['toWriteStream()', (given) => fds.toWriteStream(given)],
  ])('what closes itself: %s', async (_name, take) => {
    await using handle = await open('/dev/null', 'r+');
    expect(() => take(handle as never)).toThrow('fd is a number or an OwnedFd, not an instance of FileHandle');
    expect(fs.fstatSync(handle.fd).isCharacterDevice()).toBe(true);
  });
});
