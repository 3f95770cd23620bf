import * as current from 'vscode-jsonrpc/node';
import { fds, type FdSocket, OwnedFd, socketpair } from '../../../packages/ancillary';
import { contentLength } from '../../../packages/codec';
import { framed, give, jsonValues } from '../../../packages/rpc';
import { fdMessageConnection } from '../../../packages/rpc/vscode-jsonrpc';
import { identity } from '../../support/descriptors';
import { Files } from '../../support/files';
import { closed } from '../../support/peer';

// eslint-disable-next-line @typescript-eslint/no-require-imports
const lowest = require('vscode-jsonrpc-lowest/node') as typeof current;

let sockets: FdSocket[] = [];

afterEach(async () => {
  await closed(...sockets);
  sockets = [];
});

/** A promise and what settles it. */
function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns === 100_000) throw new Error('it never is');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.each<[string, typeof current]>([
  ['the newest', current],
  ['the lowest', lowest],
])('vscode-jsonrpc, %s', (_name, { createMessageConnection, CancellationTokenSource, ProgressType, ResponseError }) => {
  let client: current.MessageConnection;
  let server: current.MessageConnection;

  beforeEach(() => {
    sockets = socketpair();
    const [left, right] = sockets as [FdSocket, FdSocket];
    client = fdMessageConnection(createMessageConnection, left);
    server = fdMessageConnection(createMessageConnection, right);
  });

  const listen = (): void => {
    client.listen();
    server.listen();
  };

  test('a request’s descriptors are closed when it is answered, unless they were taken', async () => {
    const got: OwnedFd[] = [];
    const go = deferred();
    server.onRequest('keep', async ({ files }: { files: OwnedFd[] }) => {
      got.push(...files);
      await go.promise;
      return files.map(({ closed }) => closed);
    });
    server.onRequest('take', ({ files }: { files: [OwnedFd, OwnedFd] }) => files[0].take());
    server.onRequest('fail', ({ files }: { files: OwnedFd[] }): number => {
      got.push(...files);
      throw new ResponseError(5, 'no');
    });
    listen();
    using files = new Files(2);
    const kept = client.sendRequest('keep', { files: files.owned });
    go.resolve();
    await expect(kept).resolves.toEqual([false, false]);
    using taken = OwnedFd.adopt(await client.sendRequest<number>('take', { files: files.owned }));
    expect(identity(taken.fd)).toBe(files.identities[0]);
    await expect(client.sendRequest('fail', { files: files.owned })).rejects.toMatchObject({ code: 5, message: 'no' });
    await expect(client.sendRequest('unknown', { files: files.owned })).rejects.toThrow('Unhandled method');
    expect(got.map(({ closed }) => closed)).toEqual([true, true, true, true]);
  });

  test('a result’s are the caller’s, and give() closes what was sent', async () => {
    const given = fds.memfd('given');
    const there = identity(given.fd);
    server.onRequest('make', () => ({ file: give(given) }));
    server.onRequest('bad', () => ({ file: give(fds.memfd('bad')), big: 1n }));
    listen();
    const { file } = await client.sendRequest<{ file: OwnedFd }>('make');
    expect(identity(file.fd)).toBe(there);
    file.close();
    expect(given.closed).toBe(true);
    await expect(client.sendRequest('bad')).rejects.toThrow(
      "the result of 'bad' cannot be sent: result.big is a BigInt",
    );
    await expect(client.sendRequest('make')).rejects.toThrow(
      "the result of 'make' cannot be sent: result.file, an instance of OwnedFd, is closed, or taken",
    );
  });

  test('those in data of an error arrive', async () => {
    server.onRequest('fail', () => new ResponseError(5, 'with a log', { log: give(fds.memfd('log')) }));
    listen();
    const error: unknown = await client.sendRequest('fail').catch((reason: unknown) => reason);
    const { data } = error as current.ResponseError<{ log: OwnedFd }>;
    expect(data?.log).toBeInstanceOf(OwnedFd);
    data?.log.close();
  });

  test('cancelling reaches the handler, whose answer comes all the same', async () => {
    const begun = deferred();
    const cancelled = deferred();
    server.onRequest('wait', async (_file: OwnedFd, token: current.CancellationToken) => {
      begun.resolve();
      token.onCancellationRequested(() => cancelled.resolve());
      await cancelled.promise;
      return give(fds.memfd('result'));
    });
    listen();
    using file = fds.memfd('file');
    const source = new CancellationTokenSource();
    const call = client.sendRequest<OwnedFd>('wait', [file], source.token);
    await begun.promise;
    source.cancel();
    (await call).close();
  });

  test('progress carries descriptors', async () => {
    const type = new ProgressType<{ file: OwnedFd }>();
    const seen: string[] = [];
    using file = fds.memfd('file');
    const all = deferred();
    client.onProgress(type, 'token', ({ file: part }) => {
      if (seen.push(identity(part.fd)) === 3) all.resolve();
    });
    listen();
    for (let part = 0; part < 3; part++) await server.sendProgress(type, 'token', { file });
    await all.promise;
    expect(seen).toEqual(Array.from({ length: 3 }, () => identity(file.fd)));
  });

  test('a notification’s are closed when it was handled, or when nobody does', async () => {
    const handled = deferred<OwnedFd>();
    server.onNotification('note', ({ file }: { file: OwnedFd }) => handled.resolve(file));
    server.onRequest('sync', () => 0);
    listen();
    using file = fds.memfd('file');
    await client.sendNotification('note', { file });
    await client.sendNotification('nobody', { file });
    const got = await handled.promise;
    await client.sendRequest('sync');
    expect(got.closed).toBe(true);
  });

  test('what the framework did not come to when it was disposed of is closed', async () => {
    const gone = deferred();
    server.onNotification('stop', () => {
      server.dispose();
      gone.resolve();
    });
    listen();
    using file = fds.memfd('file');
    // They arrive together, and are handled one by one.
    void client.sendNotification('stop');
    const call = client.sendRequest('none', { file });
    call.catch(() => undefined);
    void client.sendNotification('note', { file });
    await gone.promise;
    client.dispose();
    await expect(call).rejects.toThrow('disposed');
  });

  test('an answer to nobody breaks the connection, which is told, and closes what came with it', async () => {
    const failed = deferred<Error>();
    const ended = deferred();
    const [left, right] = socketpair();
    sockets.push(left, right);
    client = fdMessageConnection(createMessageConnection, left);
    client.onError(([error]) => failed.resolve(error));
    client.onClose(() => ended.resolve());
    client.listen();
    const raw = framed(right, contentLength({ countField: 'Fd-Count' }));
    using file = fds.memfd('file');
    await raw.send({ bytes: Buffer.from('{"jsonrpc":"2.0","id":9,"result":{"$fd":0}}'), fds: [file] });
    await expect(failed.promise).resolves.toMatchObject({
      code: 'ERR_FRAME_INVALID',
      message: expect.stringMatching(/^the frame at bytes 0 to \d+ .* answers call 9, which/) as string,
    });
    await ended.promise;
    client.dispose();
  });

  test.each([
    ['a cancellation without params', '{"method":"$/cancelRequest"}', 'it cancels no call'],
    ['a cancellation of nothing', '{"method":"$/cancelRequest","params":null}', 'it cancels no call'],
    ['a cancellation of an object', '{"method":"$/cancelRequest","params":{"id":{"$fd":0}}}', 'it cancels no call'],
    ['a cancellation of a list', '{"method":"$/cancelRequest","params":[5,{"$fd":0}]}', 'it cancels no call'],
    [
      'a call whose id is null',
      '{"id":null,"method":"x","params":[{"$fd":0}]}',
      'the id of a call is a number or a string',
    ],
    ['an answer with a descriptor elsewhere', '{"id":0,"result":1,"x":{"$fd":0}}', 'a descriptor of it is not in what'],
  ])('%s breaks the connection, and calls that wait are rejected', async (_what, text, expected) => {
    const failed = deferred<Error>();
    const [left, right] = socketpair();
    sockets.push(left, right);
    client = fdMessageConnection(createMessageConnection, left);
    client.onError(([error]) => failed.resolve(error));
    client.onClose(() => client.dispose());
    client.listen();
    const call = expect(client.sendRequest('never')).rejects.toThrow();
    const raw = framed(right, contentLength({ countField: 'Fd-Count' }));
    await raw[Symbol.asyncIterator]().next();
    using file = fds.memfd('file');
    await raw.send({ bytes: Buffer.from(text), fds: text.includes('$fd') ? [file] : [] });
    await expect(failed.promise).resolves.toMatchObject({
      code: 'ERR_FRAME_INVALID',
      message: expect.stringContaining(expected) as string,
    });
    await call;
  });

  test.each([
    [undefined, 1024 * 1024],
    [2 * 1024 * 1024, 2 * 1024 * 1024],
  ])('with the maxLength %p, the longest message has %d bytes', async (maxLength, longest) => {
    const [left, right] = socketpair();
    sockets.push(left, right);
    const failed = deferred<Error>();
    const got = deferred<string>();
    server = fdMessageConnection(createMessageConnection, right, { maxLength });
    server.onNotification('note', (text: string) => got.resolve(text));
    server.onError(([error]) => failed.resolve(error));
    server.onClose(() => server.dispose());
    server.listen();
    const raw = framed(left, contentLength({ countField: 'Fd-Count', maxLength: 4 * 1024 * 1024 }));
    const around = Buffer.byteLength('{"method":"note","params":[""]}');
    const bytesOf = (length: number): Buffer =>
      Buffer.from(`{"method":"note","params":["${'x'.repeat(length - around)}"]}`);
    await raw.send({ bytes: bytesOf(longest) });
    expect(await got.promise).toHaveLength(longest - around);
    raw.send({ bytes: bytesOf(longest + 1) }).catch(() => undefined);
    await expect(failed.promise).resolves.toMatchObject({ code: 'ERR_FRAME_TOO_LARGE' });
  });

  test('a plain peer of the Language Server Protocol understands what has no descriptor', async () => {
    const [left, right] = socketpair();
    sockets.push(left, right);
    server = fdMessageConnection(createMessageConnection, right);
    server.onRequest('add', ({ a, b }: { a: number; b: number }) => a + b);
    server.listen();
    const { StreamMessageReader, StreamMessageWriter } = current;
    const plain = current.createMessageConnection(new StreamMessageReader(left), new StreamMessageWriter(left));
    plain.listen();
    await expect(plain.sendRequest('add', { a: 1, b: 2 })).resolves.toBe(3);
    plain.dispose();
  });

  test('a message strategy of the user’s is called as well', async () => {
    const seen: string[] = [];
    const [left, right] = socketpair();
    sockets.push(left, right);
    const connection = fdMessageConnection(createMessageConnection, right, {
      connection: {
        messageStrategy: {
          handleMessage(message, next) {
            seen.push((message as current.RequestMessage).method);
            return next(message);
          },
        },
      },
    });
    connection.onRequest('one', () => 1);
    const other = fdMessageConnection(createMessageConnection, left);
    connection.listen();
    other.listen();
    await expect(other.sendRequest('one')).resolves.toBe(1);
    expect(seen).toEqual(['one']);
    connection.dispose();
    other.dispose();
  });

  test('when the peer dies, handlers are told, and their descriptors are closed', async () => {
    const got: OwnedFd[] = [];
    const cancelled = deferred();
    server.onRequest('hang', ({ file }: { file: OwnedFd }, token: current.CancellationToken) => {
      got.push(file);
      token.onCancellationRequested(() => cancelled.resolve());
      return new Promise(() => undefined);
    });
    listen();
    using file = fds.memfd('file');
    client.sendRequest('hang', { file }).catch(() => undefined);
    await until(() => got.length === 1);
    sockets[0]?.destroy();
    await cancelled.promise;
    await until(() => got[0]?.closed === true);
    client.dispose();
  });

  test.each(['end', 'destroy'] as const)('what came before the peer’s %s() reaches its handler', async (how) => {
    const kept: OwnedFd[] = [];
    server.onNotification('note', ({ file }: { file: OwnedFd }) => {
      kept.push(OwnedFd.adopt(file.take()));
    });
    listen();
    using file = fds.memfd('file');
    const sent = Array.from({ length: 20 }, () => client.sendNotification('note', { file }));
    await Promise.all(sent);
    sockets[0]?.[how]();
    await until(() => kept.length === 20);
    OwnedFd.closeAll(kept);
    client.dispose();
  });
});

// Only newer ones tell when the handler of a notification is done, and can limit how many handlers run.
describe('newer versions of vscode-jsonrpc', () => {
  const connection = { maxParallelism: 1 };

  // Before, the framework rejects a promise that nobody has.
  test('an argument that cannot be sent rejects the call, and names it', async () => {
    const [left] = (sockets = socketpair());
    const client = fdMessageConnection(current.createMessageConnection, left);
    client.listen();
    await expect(client.sendRequest('bad', { a: [1n] })).rejects.toThrow(
      "the call of 'bad' cannot be sent: params.a[0] is a BigInt",
    );
    client.dispose();
  });

  test('where the peer has ended its side, the handler of a notification keeps its descriptors', async () => {
    const [left, right] = (sockets = socketpair());
    const server = fdMessageConnection(current.createMessageConnection, right);
    const go = deferred();
    const done = deferred<boolean>();
    server.onNotification('note', async ({ file }: { file: OwnedFd }) => {
      await go.promise;
      done.resolve(file.closed);
    });
    let turns = 0;
    server.onClose(() => void until(() => ++turns === 100).then(go.resolve));
    server.listen();
    const client = fdMessageConnection(current.createMessageConnection, left);
    using file = fds.memfd('file');
    await client.sendNotification('note', { file });
    left.end();
    await expect(done.promise).resolves.toBe(false);
    await until(() => right.closed);
    server.dispose();
  });

  test('a call that waits is answered at once when it is cancelled', async () => {
    const [left, right] = (sockets = socketpair());
    const server = fdMessageConnection(current.createMessageConnection, right, { connection });
    let started = 0;
    server.onRequest('hang', () => {
      started++;
      return new Promise(() => undefined);
    });
    server.listen();
    const raw = framed(left, jsonValues({ frames: contentLength({ countField: 'Fd-Count' }) }));
    using file = fds.memfd('file');
    for (let id = 1; id <= 40; id++) await raw.send({ jsonrpc: '2.0', id, method: 'hang', params: [file] });
    await raw.send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 40 } });
    for await (const { value } of raw) {
      expect(value).toMatchObject({ id: 40, error: { code: -32800 } });
      break;
    }
    expect(started).toBe(1);
    server.dispose();
  });

  test('descriptors of a result are the caller’s after the connection is closed, too', async () => {
    const [left, right] = (sockets = socketpair());
    const client = fdMessageConnection(current.createMessageConnection, left, { connection });
    const server = fdMessageConnection(current.createMessageConnection, right);
    server.onRequest('make', () => give(fds.memfd('made')));
    client.listen();
    server.listen();
    const made = await client.sendRequest<OwnedFd>('make');
    await closed(left, right);
    await new Promise((resolve) => setImmediate(resolve));
    expect(made.closed).toBe(false);
    made.close();
    client.dispose();
    server.dispose();
  });
});
