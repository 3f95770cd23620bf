import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { adopt, fds, type FdSocket, raw, socketpair } from '../../packages/ancillary';
import { give, type Handlers, rpc, type Rpc } from '../../packages/rpc';
import { fdChannel } from '../../packages/rpc/birpc';
import { withBarePeer } from '../support/bare-peer';
import { closed } from '../support/peer';

// What errors of rpc() say: what happened, what was closed, and what to do.

let sockets: [FdSocket, FdSocket];
let client: Rpc;

beforeEach(() => {
  sockets = socketpair();
});

afterEach(async () => {
  await closed(...sockets);
});

function serve(handlers: object): Rpc {
  client = rpc(sockets[0]);
  return rpc(sockets[1], handlers as Handlers);
}

test('what a result holds that give() was forgotten for was closed', async () => {
  serve({
    nested: async () => ({ file: await open('/dev/null') }),
    several: async () => [1n, createReadStream('/dev/null'), { file: await open('/dev/null') }],
    plain: () => ({ total: 1n }),
    item: async function* () {
      yield await open('/dev/null');
    },
  });
  const CLOSED = 'nothing was sent, and everything in it that has a descriptor was closed';
  await expect(client.call('nested')).rejects.toThrow(
    `the result of 'nested' cannot be sent: result.file is an instance of FileHandle, which is not sent by itself: ` +
      `give() sends its descriptor; ${CLOSED}`,
  );
  await expect(client.call('several')).rejects.toThrow(new RegExp(`result\\[0\\] is a BigInt, .*; ${CLOSED}$`));
  await expect(client.call('plain')).rejects.toThrow(/result.total is a BigInt, .*; nothing was sent$/);
  const items = (await client.call('item')) as AsyncIterator<unknown>;
  await expect(items.next()).rejects.toThrow(new RegExp(`^the result of 'item' .*; ${CLOSED}$`));
});

test.each<[string, (socket: FdSocket) => Promise<unknown>]>([
  ['rpc()', (socket) => rpc(socket).call('any')],
  [
    'an adapter',
    (socket) =>
      fdChannel(socket)
        .post({ t: 'q', i: 'a', m: 'any', a: [] })
        .then(() => new Promise((_, reject) => socket.once('error', reject))),
  ],
])('a first message that is too long may be of another protocol: %s', async (what, call) => {
  using bare = withBarePeer();
  const failing = call(bare.socket);
  failing.catch(() => undefined);
  raw.sendMessage(bare.peer, Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await expect(failing).rejects.toMatchObject({
    code: 'ERR_FRAME_TOO_LARGE',
    message: expect.stringMatching(
      what === 'rpc()' ? /1213486160 .*; it is the first message: the peer may not speak this protocol$/ : /1213486160/,
    ) as string,
  });
});

test('a later message that is too long is just that', async () => {
  using bare = withBarePeer();
  const server = rpc(bare.socket, { note: () => undefined });
  const text = '{"method":"note"}';
  const head = Buffer.alloc(6);
  head.writeUInt32BE(text.length);
  raw.sendMessage(bare.peer, Buffer.concat([head, Buffer.from(text), Buffer.from('HTTP/1.1 ')]));
  await expect(server.closed).rejects.toMatchObject({
    code: 'ERR_FRAME_TOO_LARGE',
    message: expect.not.stringContaining('may not speak') as string,
  });
});

describe('once the connection is over', () => {
  const code = 'ERR_FD_CLOSED';

  test('by close(), calls and notifications are not sent', async () => {
    const server = serve({ one: () => new Promise(() => undefined) });
    const waiting = client.call('one');
    await client.close();
    await expect(waiting).rejects.toMatchObject({ code, message: 'no answer can come: close() was called' });
    await expect(client.call('one')).rejects.toMatchObject({
      code,
      message: 'the call was not sent: close() was called',
    });
    await expect(client.notify('one')).rejects.toMatchObject({
      code,
      message: 'the notification was not sent: close() was called',
    });
    await server.closed;
  });

  test('by the peer, one connects again', async () => {
    serve({});
    sockets[1].destroy();
    await client.closed;
    const error = await client.call('one').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code,
      message: 'the call was not sent: the peer has ended the connection, so connect again',
    });
  });
});

test('what a handler may do about an error is not for the caller', async () => {
  serve({
    async adopts() {
      const handle = await open('/dev/null');
      try {
        adopt(handle.fd);
      } finally {
        await handle.close();
      }
    },
    closed() {
      const file = fds.memfd('file');
      file.close();
      return { file: give(file) };
    },
  });
  await expect(client.call('adopts')).rejects.toMatchObject({
    code: 'ERR_FD_KIND',
    message: expect.stringMatching(
      /^the handler of 'adopts' failed: descriptor \d+ is .*; it is still open and yours$/,
    ) as string,
  });
  await expect(client.call('closed')).rejects.toThrow(/^the result of 'closed' cannot be sent: result.file/);
});

test('handlers are no array, and only a name can be made private', () => {
  const handler = (): number => 1;
  expect(() => rpc(sockets[0], [handler] as never)).toThrow(
    /^handlers is an object of functions by name, or an instance of a class, not an instance of Array$/,
  );
  class Api {
    method(): number {
      return 1;
    }
  }
  const api = Object.assign(new Api(), { 'not-a-name': handler });
  expect(() => rpc(sockets[0], api as never)).toThrow(
    /^the function 'not-a-name' of an instance of Api is no method of its class: make it one if peers may call it$/,
  );
});
