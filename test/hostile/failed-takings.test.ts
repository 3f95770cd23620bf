import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { connect, fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { createStream as createBusStream } from '../../packages/ancillary/dbus-native';
import { sendFds, serveHttp, takeFds } from '../../packages/ancillary/http';
import { USocket } from '../../packages/ancillary/usocket';
import { createStream as createX11Stream } from '../../packages/ancillary/x11';
import { answerOf, HttpEnds } from '../compat/http-ends';
import { openDescriptors } from '../support/descriptors';

// What throws has taken nothing over: a number that is closed later all the same is somebody else's by then.

let ends: HttpEnds;
beforeEach(async () => (ends = await HttpEnds.open()));
afterEach(() => ends.close());

const coded = (code: string) => expect.objectContaining({ code }) as Error;

function numbers(count: number): number[] {
  return Array.from({ length: count }, () => fs.openSync('/dev/null', 'r'));
}

/** They are open, and have no other owner; closes them. */
function closeOwn(own: readonly number[]): void {
  for (const number of own) OwnedFd.adopt(number).close();
}

/** What `sendFds()` refuses, beside those that it must leave alone. */
const refused: [what: string, code: string, make: (own: number) => never[], own: number][] = [
  ['more than 253 in all', 'ERR_OUT_OF_RANGE', () => [], 100],
  ['a number twice', 'ERR_FD_BUSY', (own) => [own as never], 3],
  ['one that is not open', 'EBADF', () => [999_999 as never], 3],
  ['one that is closed', 'ERR_FD_CLOSED', () => [closedFd() as never], 3],
  ['what is none', 'ERR_INVALID_ARG_TYPE', () => ['no' as never], 3],
];

function closedFd(): OwnedFd {
  const fd = fds.memfd('closed');
  fd.close();
  return fd;
}

describe('sendFds() that throws leaves them alone', () => {
  it.each(refused)('with an answer: %s', async (_what, code, make, count) => {
    const own = numbers(count);
    ends.serve((_request, response) => {
      sendFds(response, numbers(200), { transfer: true });
      const given = [...own, ...make(own[0] as number)];
      expect(() => sendFds(response, given, { transfer: true })).toThrow(coded(code));
      response.end('ok');
    });
    const answer = await answerOf(http.get({ agent: ends.agent() }));
    expect(OwnedFd.closeAll(takeFds(answer))).toBe(200);
    answer.resume();
    await once(answer, 'close');
    closeOwn(own);
  });

  it.each(refused)('with a request that has no connection yet: %s', async (_what, code, make, count) => {
    const own = numbers(count);
    ends.serve((request, response) => response.end(String(OwnedFd.closeAll(takeFds(request)))));
    const request = http.get({ agent: ends.agent() });
    sendFds(request, numbers(200), { transfer: true });
    const given = [...own, ...make(own[0] as number)];
    expect(() => sendFds(request, given, { transfer: true })).toThrow(coded(code));
    const answer = await answerOf(request);
    answer.resume();
    await once(answer, 'close');
    closeOwn(own);
  });

  it.each(refused)('with an answer that waits behind another: %s', async (_what, code, make, count) => {
    const own = numbers(count);
    let first: http.ServerResponse | undefined;
    ends.serve((_request, response) => {
      if (first === undefined) {
        first = response;
        return;
      }
      sendFds(response, numbers(200), { transfer: true });
      const given = [...own, ...make(own[0] as number)];
      expect(() => sendFds(response, given, { transfer: true })).toThrow(coded(code));
      response.end('ok');
      first.end('first');
    });
    const client = await connect(ends.address);
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    let received = 0;
    client.on('fds', (frame) => (received += OwnedFd.closeAll(frame.fds))).resume();
    await once(client, 'end');
    expect(received).toBe(200);
    closeOwn(own);
  });

  it('with a message that carries none, and where options are wrong', async () => {
    const own = numbers(3);
    const server = http2.createServer();
    const refusals: unknown[] = [];
    const refusalOf = (send: () => unknown): void => {
      try {
        send();
      } catch (error) {
        refusals.push((error as { code?: unknown }).code);
      }
    };
    server.on('request', (_request, response) => {
      refusalOf(() => sendFds(response as never, own, { transfer: true }));
      refusalOf(() => sendFds(response as never, own, { transfer: 'no' as never }));
      refusalOf(() => sendFds(response as never, own, { tranfer: true } as never));
      response.end('ok');
    });
    serveHttp(ends.listener, server);
    const socket = await connect(ends.address);
    const session = http2.connect('http://x', { createConnection: () => socket });
    await once(session.request().resume(), 'close');
    session.close();
    await once(session, 'close');
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect(refusals).toEqual(['ERR_FD_KIND', 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE']);
    closeOwn(own);
  });
});

describe('unshift() of a USocket that throws', () => {
  it.each<[string, (own: number) => unknown[]]>([
    ['a number twice', (own) => [own]],
    ['one that is not open', () => [999_999]],
    ['what is none', () => ['no']],
    ['an OwnedFd', () => [closedFd()]],
  ])('leaves numbers alone, and puts nothing back: %s', (_what, make) => {
    const socket = new USocket();
    const own = numbers(3);
    expect(() => socket.unshift(Buffer.from('back'), [...own, ...make(own[0] as number)] as number[])).toThrow();
    expect(socket.readableLength).toBe(0);
    closeOwn(own);
    socket.destroy();
  });

  it('takes over what it puts back, and closes it where it is destroyed', () => {
    const [first, second] = numbers(2) as [number, number];
    const socket = new USocket();
    socket.unshift(Buffer.from('back'), [first]);
    expect(() => OwnedFd.adopt(first)).toThrow(coded('ERR_FD_BUSY'));
    socket.destroy();
    socket.unshift(null, [second]);
    const open = openDescriptors();
    expect([first, second].map((number) => open.has(number))).toEqual([false, false]);
  });
});

describe('a stream that is given no bytes', () => {
  it('for dbus-native: throws, and holds no copy', () => {
    const [left, right] = socketpair();
    const stream = createBusStream(left);
    const [own] = numbers(1) as [number];
    const before = openDescriptors().size;
    for (const bytes of ['text', undefined, { length: 5 }])
      expect(() => stream.writeWithFds(bytes as never, [own])).toThrow(coded('ERR_INVALID_ARG_TYPE'));
    expect(openDescriptors().size).toBe(before);
    closeOwn([own]);
    stream.destroy();
    right.destroy();
  });

  it('for node-x11: calls back with the error, and has closed them', async () => {
    const [left, right] = socketpair();
    const stream = createX11Stream(left);
    const [own] = numbers(1) as [number];
    const failure = new Promise((resolve) => stream.sendFds('text' as never, [own], resolve));
    expect(openDescriptors().has(own)).toBe(false);
    expect(await failure).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    stream.destroy();
    right.destroy();
  });
});
