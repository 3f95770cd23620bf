import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { text } from 'node:stream/consumers';
import { connect, type FdSocket, OwnedFd, raw } from '../../packages/ancillary';
import { sendFds, takeFds } from '../../packages/ancillary/http';
import { until } from '../hostile/until';
import { identity, openDescriptors } from '../support/descriptors';
import { answerOf, fdSocketOf, HttpEnds, identitiesOf } from './http-ends';

let ends: HttpEnds;
beforeEach(async () => (ends = await HttpEnds.open()));
afterEach(() => ends.close());

const coded = (code: string) => expect.objectContaining({ code }) as Error;

it('go with a request, and with the answer, over a connection that is kept', async () => {
  ends.serve((request, response) => {
    const received = takeFds(request);
    expect(received).toHaveLength(1);
    sendFds(response, received, { transfer: true });
    response.end(request.url);
  });
  const agent = ends.agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<unknown>();
  for (const [index, file] of ends.memories(20).entries()) {
    const request = http.get({ agent, path: `/${index}` });
    sendFds(request, [file]);
    const response = await answerOf(request);
    sockets.add(response.socket);
    expect(await text(response)).toBe(`/${index}`);
    expect(identitiesOf(takeFds(response))).toEqual([identity(file.fd)]);
  }
  expect(sockets.size).toBe(1);
});

type Ending = (message: http.ServerResponse | http.ClientRequest) => unknown;

const endings: [how: string, end: Ending][] = [
  ["end('body')", (message) => message.end('body')],
  ['end(Buffer)', (message) => message.end(Buffer.from('body'))],
  ["write('bo'), and end('dy')", (message) => message.write('bo') && message.end('dy')],
  ["write('body'), and end()", (message) => message.write('body') && message.end()],
  ["flushHeaders(), and end('body')", (message) => (message.flushHeaders(), message.end('body'))],
];

/** The body, and whose descriptors came with the message by its end. */
function whole(message: http.IncomingMessage): Promise<[body: string, owned: OwnedFd[]]> {
  return new Promise((resolve) => {
    let body = '';
    message
      .on('data', (chunk: Buffer) => (body += chunk.toString()))
      .on('end', () => resolve([body, takeFds(message)]));
  });
}

it.each(endings)('go with a message that is finished by %s', async (_how, end) => {
  ends.serve((request, response) => {
    void whole(request).then(([body, owned]) => {
      sendFds(response, owned, { transfer: true });
      response.setHeader('came', body);
      end(response);
    });
  });
  const [file] = ends.memories(1) as [OwnedFd];
  const request = http.request({ agent: ends.agent(), method: 'POST' });
  sendFds(request, [file]);
  end(request);
  const response = await answerOf(request);
  const [body, owned] = await whole(response);
  expect([response.headers['came'], body, ...identitiesOf(owned)]).toEqual(['body', 'body', identity(file.fd)]);
});

it.each(endings)('are there with the head of a message that is finished by %s', async (_how, end) => {
  const [file] = ends.memories(1) as [OwnedFd];
  ends.serve((request, response) => {
    response.setHeader('at-the-request', identitiesOf(takeFds(request)).join());
    sendFds(response, [file]);
    end(response);
  });
  const request = http.request({ agent: ends.agent(), method: 'POST' });
  sendFds(request, [file]);
  end(request);
  const response = await answerOf(request);
  const atTheAnswer = identitiesOf(takeFds(response)).join();
  expect([response.headers['at-the-request'], atTheAnswer]).toEqual([identity(file.fd), identity(file.fd)]);
  await text(response);
});

it('go with the first part of a body that has an empty line, and the body stays whole', async () => {
  const BODY = 'before\r\n\r\nbehind';
  ends.serve((request, response) => {
    response.flushHeaders();
    sendFds(response, takeFds(request), { transfer: true });
    response.end(BODY);
  });
  const [file] = ends.memories(1) as [OwnedFd];
  const request = http.request({ agent: ends.agent(), method: 'POST' });
  sendFds(request, [file]);
  request.end();
  const [body, owned] = await whole(await answerOf(request));
  expect([body, ...identitiesOf(owned)]).toEqual([BODY, identity(file.fd)]);
});

it('are of their own request among 100 that come in a row, each third of which has none', async () => {
  const seen: (string | undefined)[][] = [];
  ends.serve((request, response) => {
    seen.push([request.url, ...identitiesOf(takeFds(request))]);
    response.end(`${request.url};`);
  });
  const files = ends.memories(100);
  const client = await connect(ends.address);
  files.forEach((file, index) => {
    const last = index === 99 ? 'Connection: close\r\n' : '';
    const head = `GET /${index} HTTP/1.1\r\nHost: x\r\n${last}\r\n`;
    // The kernel puts what has none in front of what comes next, into one read.
    client.writeFds(head, index % 3 === 0 ? [] : [file]);
  });
  const answers = await text(client);
  expect(seen).toEqual(files.map(({ fd }, index) => [`/${index}`, ...(index % 3 === 0 ? [] : [identity(fd)])]));
  expect(answers.match(/\/\d+(?=;)/g)).toEqual(files.map((_, index) => `/${index}`));
});

it('come with the body of a request too, once that part of it is there', async () => {
  ends.serve((request, response) => {
    expect(takeFds(request)).toEqual([]);
    request.resume().on('end', () => response.end(identitiesOf(takeFds(request)).join()));
  });
  const [first, second] = ends.memories(2) as [OwnedFd, OwnedFd];
  const client = await connect(ends.address);
  client.write('POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n');
  await new Promise(setImmediate);
  client.writeFds('3\r\nabc\r\n', [first]);
  client.writeFds('3\r\ndef\r\n0\r\n\r\n', [second]);
  expect(await text(client)).toMatch(`${identity(first.fd)},${identity(second.fd)}`);
});

it('belong to the request of their last byte, wherever heads and bodies are cut', async () => {
  const seen: unknown[] = [];
  ends.serve((request, response) => {
    request.resume().on('end', () => {
      seen.push([request.url, identitiesOf(takeFds(request))]);
      response.end('ok');
    });
  });
  const [file, other] = ends.memories(2) as [OwnedFd, OwnedFd];
  const client = await connect(ends.address);
  // With the last byte of a body; and with the second piece of a head.
  raw.sendMessage(client.fd, Buffer.from('POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody'), [file]);
  raw.sendMessage(client.fd, Buffer.from('GET /two'), []);
  raw.sendMessage(client.fd, Buffer.from(' HTTP/1.1\r\nHo'), [other]);
  raw.sendMessage(client.fd, Buffer.from('st: x\r\nConnection: close\r\n\r\n'), []);
  await text(client);
  expect(seen).toEqual([
    ['/one', [identity(file.fd)]],
    ['/two', [identity(other.fd)]],
  ]);
});

it('that nobody takes are closed when the answer is over, while the connection is kept', async () => {
  let accepted: FdSocket | undefined;
  ends.serve((request, response) => {
    accepted = fdSocketOf(request.socket);
    response.end('ok');
  });
  const [file] = ends.memories(1) as [OwnedFd];
  const same = () => [...openDescriptors().keys()].filter((fd) => identity(fd) === identity(file.fd)).length;
  const agent = ends.agent({ keepAlive: true, maxSockets: 1 });
  for (const path of ['/1', '/2', '/3']) {
    const request = http.get({ agent, path });
    sendFds(request, [file]);
    await text(await answerOf(request));
    // The server is in this process.
    await until(() => same() === 1);
  }
  expect(accepted).toMatchObject({ destroyed: false, stats: { fdsReceived: 3 } });
});

it('that come with the rest of a request whose answer is over are closed at once', async () => {
  ends.serve((_request, response) => response.end('early'));
  const [file] = ends.memories(1) as [OwnedFd];
  const same = () => [...openDescriptors().keys()].filter((fd) => identity(fd) === identity(file.fd)).length;
  const client = await connect(ends.address);
  client.writeFds('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n', [file]);
  expect((await client.receive(15)).bytes.toString()).toBe('HTTP/1.1 200 OK');
  await until(() => same() === 1);
  client.writeFds('body', [file]);
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(await text(client)).toMatch(/early.*HTTP\/1\.1 200 OK.*early/s);
  await until(() => same() === 1);
});

it('taken piece by piece with a body do not add listeners to the answer', async () => {
  const added: number[] = [];
  ends.serve((request, response) => {
    request.on('data', () => {
      OwnedFd.closeAll(takeFds(request));
      added.push(response.listenerCount('close'));
    });
    request.on('end', () => response.end('ok'));
  });
  const [file] = ends.memories(1) as [OwnedFd];
  const client = await connect(ends.address);
  client.write('POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 20\r\n\r\n');
  for (let sent = 0; sent < 20; sent++) {
    client.writeFds('x', [file]);
    await until(() => added.length > sent);
  }
  await text(client);
  expect(new Set(added).size).toBe(1);
});

it('of an answer are not those of the next one on the same connection', async () => {
  ends.serve((request, response) => {
    sendFds(response, ends.memories(1));
    response.end(request.url);
  });
  const agent = ends.agent({ keepAlive: true, maxSockets: 1 });
  const first = await answerOf(http.get({ agent, path: '/1' }));
  const { socket } = first;
  await text(first);
  const second = await answerOf(http.get({ agent, path: '/2' }));
  expect(second.socket).toBe(socket);
  await text(second);
  expect(takeFds(first)).toEqual([]);
  expect(identitiesOf(takeFds(second))).toHaveLength(1);
});

it('beyond 1,024 that nobody takes end the connection', async () => {
  const server = ends.serve(() => undefined);
  const failed = once(server, 'clientError');
  const [file] = ends.memories(1) as [OwnedFd];
  const client = await connect(ends.address);
  client.on('error', () => undefined);
  client.writeFds('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n', [file]);
  for (let sent = 0; sent < 5; sent++)
    client.writeFds(
      'x',
      Array.from({ length: 253 }, () => file),
    );
  expect(await failed).toMatchObject([{ code: 'ERR_FD_SURPLUS' }, { destroyed: true }]);
  client.destroy();
});

it('are refused with a message that has ended, where there are too many, and where nothing carries them', async () => {
  const [file] = ends.memories(1) as [OwnedFd];
  const tcp = http.createServer((_request, response) => {
    expect(() => sendFds(response, [file])).toThrow(coded('ERR_FD_KIND'));
    response.end();
  });
  await once(tcp.listen(0, '127.0.0.1'), 'listening');
  const { port } = tcp.address() as net.AddressInfo;
  const plain = http.get({ port, host: '127.0.0.1', agent: false });
  sendFds(plain, [file]);
  expect(await once(plain, 'error')).toMatchObject([{ code: 'ERR_FD_KIND' }]);
  const asked = await answerOf(http.get({ port, host: '127.0.0.1', agent: false }));
  expect(takeFds(asked)).toEqual([]);
  asked.resume();
  await new Promise((resolve) => tcp.close(resolve));

  ends.serve((_request, response) => {
    expect(() =>
      sendFds(
        response,
        Array.from({ length: 254 }, () => file),
      ),
    ).toThrow(coded('ERR_OUT_OF_RANGE'));
    response.end('ok');
    expect(() => sendFds(response, [file])).toThrow(coded('ERR_FD_WITHOUT_BYTES'));
  });
  expect(await text(await answerOf(http.get({ agent: ends.agent() })))).toBe('ok');
  expect(() => sendFds({} as never, [])).toThrow(coded('ERR_INVALID_ARG_TYPE'));
  expect(() => takeFds({} as never)).toThrow(coded('ERR_INVALID_ARG_TYPE'));
});

it('of a request that is destroyed before it is sent are closed', async () => {
  const [file] = ends.memories(1) as [OwnedFd];
  const request = http.get({ agent: ends.agent() });
  request.on('error', () => undefined);
  sendFds(request, [file]);
  const closed = new Promise((resolve) => request.once('close', resolve));
  request.destroy();
  await closed;
});

describe('that are sent after the last byte of their message', () => {
  it.each<[string, (first: http.ServerResponse) => void]>([
    ['a body of a known length', (first) => void first.writeHead(200, { 'Content-Length': 4 }).write('body')],
    [
      'a head without a body',
      (first) => {
        first.writeHead(304).flushHeaders();
      },
    ],
  ])('do not go with the next answer, but fail: %s', async (_what, write) => {
    const [file] = ends.memories(1) as [OwnedFd];
    const errors: unknown[] = [];
    let first: http.ServerResponse | undefined;
    const server = ends.serve((_request, response) => {
      if (first === undefined) {
        first = response;
        return;
      }
      // It waits for the one before.
      response.end('second');
      write(first);
      sendFds(first, [file]);
      first.end();
    });
    server.on('clientError', (error, socket) => {
      errors.push(error);
      socket.destroy();
    });
    const client = await connect(ends.address);
    let received = 0;
    client.on('fds', ({ fds }) => (received += OwnedFd.closeAll(fds)));
    client.on('error', () => undefined).resume();
    client.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(client, 'close');
    expect(received).toBe(0);
    expect(errors).toEqual([coded('ERR_FD_WITHOUT_BYTES')]);
  });

  it('fail with a request, too', async () => {
    ends.serve((request) => request.resume());
    const [file] = ends.memories(1) as [OwnedFd];
    const request = http.request({ agent: ends.agent(), method: 'POST', headers: { 'Content-Length': 4 } });
    request.write('body');
    await once(request, 'socket');
    sendFds(request, [file]);
    request.end();
    await expect(once(request, 'close')).rejects.toMatchObject({ code: 'ERR_FD_WITHOUT_BYTES' });
  });
});

describe('of answers that wait behind another one', () => {
  const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

  it('are closed when the client leaves', async () => {
    const [file] = ends.memories(1) as [OwnedFd];
    const same = () => [...openDescriptors().keys()].filter((fd) => identity(fd) === identity(file.fd)).length;
    let requests = 0;
    let warned = 0;
    const count = (): number => warned++;
    process.on('warning', count);
    ends.serve((_request, response) => {
      if (requests++ === 0) return;
      sendFds(response, [file]);
      sendFds(response, [file.dup()], { transfer: true });
      response.end('ok');
    });
    const client = await connect(ends.address);
    client.write(GET.repeat(50));
    await until(() => requests === 50);
    expect(same()).toBe(1 + 2 * 49);
    client.destroy();
    await until(() => same() === 1);
    process.off('warning', count);
    expect(warned).toBe(0);
  });

  it('are refused once the client has left', async () => {
    const [file] = ends.memories(1) as [OwnedFd];
    const answers: http.ServerResponse[] = [];
    ends.serve((_request, response) => void answers.push(response));
    const client = await connect(ends.address);
    client.write(GET + GET);
    await until(() => answers.length === 2);
    client.destroy();
    await once(answers[0] as http.ServerResponse, 'close');
    for (const answer of answers) expect(() => sendFds(answer, [file])).toThrow(coded('ERR_FD_WITHOUT_BYTES'));
  });

  it('go with their own ones, several times each', async () => {
    const files = ends.memories(30);
    const answers: [http.IncomingMessage, http.ServerResponse][] = [];
    ends.serve((request, response) => void answers.push([request, response]));
    const client = await connect(ends.address);
    client.write(GET + GET + GET.replace('Host', 'Connection: close\r\nHost'));
    await until(() => answers.length === 3);
    // The last one is ready first, and nothing is written in between that could carry any of it.
    for (const [index, [, answer]] of [...answers.entries()].reverse()) {
      for (const file of files.slice(index * 10, index * 10 + 10)) sendFds(answer, [file]);
      answer.end(`answer ${index}`);
    }
    const seen: unknown[] = [];
    client.on('fds', (frame) => seen.push(identitiesOf(frame.fds.splice(0))));
    const text = await new Promise((resolve) => {
      let all = '';
      client.on('data', (bytes: Buffer) => (all += bytes.toString())).on('end', () => resolve(all));
    });
    expect(seen.flat()).toEqual(files.map(({ fd }) => identity(fd)));
    expect(seen).toHaveLength(3);
    expect(text).toMatch(/answer 0.*answer 1.*answer 2/s);
  });
});

it('of a hostile client are closed, whatever they are attached to', async () => {
  ends.serve((request, response) => response.end(request.url));
  const [file] = ends.memories(1) as [OwnedFd];
  for (const sent of [
    'GARBAGE\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\n',
    'GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n',
  ]) {
    const client = await connect(ends.address);
    client.on('error', () => undefined).resume();
    client.writeFds(sent, [file, file]);
    client.end();
    await once(client, 'close');
  }
});
