import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fds, type FdSocket, socketpair } from '../../../packages/ancillary';
import { give, type Handlers, rpc, type Rpc } from '../../../packages/rpc';
import { fdValue } from '../../../packages/rpc/capnweb';
import { closed } from '../../support/peer';

const refusal = (message: RegExp): Error =>
  expect.objectContaining({
    name: 'TypeError',
    code: 'ERR_INVALID_ARG_TYPE',
    message: expect.stringMatching(message) as string,
  }) as Error;

describe('what is no descriptor is refused where it is given, by what it is:', () => {
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['an instance of Object', {}],
    ['an instance of Object', { fd: '3' }],
    ['an instance of Array', [3]],
    ['an instance of no class', Object.create(null)],
    ["'3'", '3'],
    ['true', true],
    ['3n', 3n],
    ['-1', -1],
    ['0.5', 0.5],
    ['NaN', NaN],
    ['2147483648', 2 ** 31],
    ['a function', () => 3],
    ['a Promise: await it first', Promise.resolve(3)],
    ['an instance of GivenFd', give(3)],
  ])('%s', (shown, given) => {
    const what = `a descriptor: a number, an OwnedFd, or something else that has one, not ${shown}$`;
    expect(() => give(given as never)).toThrow(refusal(new RegExp(`^give\\(\\) takes ${what}`)));
    if (shown !== 'an instance of GivenFd')
      expect(() => fdValue(given as never)).toThrow(
        refusal(new RegExp(`^fdValue\\(\\) takes an OwnedFd, or what give\\(\\) makes, not ${shown}$`)),
      );
  });

  test('a number, which stands for nothing in Cap’n Web', () => {
    expect(() => fdValue(3 as never)).toThrow(refusal(/^fdValue\(\) takes an OwnedFd, .*, not 3$/));
  });
});

test('what has a descriptor is none that is refused, also where it is closed, or not open yet', async () => {
  const file = fds.memfd('closed');
  file.close();
  const stream = createReadStream('/dev/null');
  const handle = await open('/dev/null');
  for (const each of [0, file, stream, handle, createServer(), { fd: 3 }]) expect(() => give(each)).not.toThrow();
  expect(() => fdValue(file)).not.toThrow();
  await Promise.all([handle.close(), once(stream.resume(), 'close')]);
});

describe('a descriptor that cannot be sent is named as the member that it is', () => {
  let sockets: [FdSocket, FdSocket];
  let client: Rpc;

  beforeEach(() => {
    sockets = socketpair();
    client = rpc(sockets[0]);
  });

  afterEach(async () => {
    await closed(...sockets);
  });

  const serve = (handlers: object): void => void rpc(sockets[1], handlers as Handlers);

  test('in a result, an item, and what an error has', async () => {
    const file = fds.memfd('closed');
    file.close();
    serve({
      lent: () => ({ file }),
      given: () => ({ files: [give(fds.memfd('open')), give(file)] }),
      itself: () => file,
      items: async function* () {
        yield await Promise.resolve({ 'a file': { toJSON: () => give(file) } });
      },
    });
    const why = 'an instance of OwnedFd, is closed, or taken; pass it while it is open';
    for (const [method, member] of [
      ['lent', 'result.file'],
      ['given', 'result.files[1]'],
      ['itself', 'result'],
    ] as const)
      await expect(client.call(method)).rejects.toMatchObject({
        name: 'RpcError',
        code: 'ERR_FD_CLOSED',
        message: `the result of '${method}' cannot be sent: ${member}, ${why}`,
      });
    const items = (await client.call('items')) as AsyncIterator<unknown>;
    await expect(items.next()).rejects.toMatchObject({
      code: 'ERR_FD_CLOSED',
      message: `the result of 'items' cannot be sent: item['a file'], ${why}`,
    });
  });

  test.each(['call', 'notify'] as const)('in the argument of %s()', async (how) => {
    serve({ open: () => 1 });
    using file = fds.memfd('open');
    const pending = createReadStream('/dev/null');
    await expect(client[how]('open', { files: [file, 1, give(pending)] })).rejects.toMatchObject({
      name: 'AncillaryError',
      code: 'ERR_FD_CLOSED',
      message: expect.stringMatching(
        /^the call of 'open' cannot be sent: params.files\[2\], an instance of ReadStream, is not open yet/,
      ) as string,
    });
    expect(pending.destroyed).toBe(true);
    await expect(client.call('open')).resolves.toBe(1);
    if (!pending.closed) await once(pending, 'close');
  });

  test('one that is busy stays as it was, and the others that were given are closed', async () => {
    const server = createServer();
    await once(server.listen(path.join(tmpdir(), `busy-${process.pid}`)), 'listening');
    const [before, behind, made] = [fds.memfd('before'), fds.memfd('behind'), fds.memfd('made')] as const;
    serve({
      open: () => ({
        before: give(before),
        made: { toJSON: () => give(made) },
        server: give(server),
        behind: give(behind),
      }),
    });
    await expect(client.call('open')).rejects.toMatchObject({
      code: 'ERR_FD_BUSY',
      message: expect.stringMatching(
        /^the result of 'open' cannot be sent: result.server: closing a server bound to a path .* the source is as it was$/,
      ) as string,
    });
    expect([before, behind, made].map((each) => each.closed)).toEqual([true, true, true]);
    expect(server.listening).toBe(true);
    await new Promise((resolve) => server.close(resolve));
  });

  test('an end of the connection is none of a member', async () => {
    serve({});
    sockets[0].destroy();
    using file = fds.memfd('open');
    await expect(client.notify('open', { file })).rejects.toThrow(/^(?!the call of)/);
  });
});
