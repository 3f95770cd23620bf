import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fds, type FdSocket, type OwnedFd, socketpair } from '../../packages/ancillary';
import { give, type Handlers, rpc, type Rpc, RpcError } from '../../packages/rpc';
import { fdChannel } from '../../packages/rpc/birpc';
import { modeRefusal } from '../support/mode-refusal';
import { closed } from '../support/peer';

let sockets: [FdSocket, FdSocket];
let client: Rpc;

beforeEach(() => {
  sockets = socketpair();
});

afterEach(async () => {
  await closed(...sockets);
});

function serve(handlers: object): void {
  client = rpc(sockets[0]);
  rpc(sockets[1], handlers as Handlers);
}

describe('methods of a class can be called', () => {
  class Base {
    kind(): string {
      return `base ${this.name()}`;
    }

    hidden(): string {
      return 'must not be reached';
    }

    protected name(): string {
      return 'nameless';
    }
  }

  let touched: boolean;

  class Api extends Base {
    static make(): string {
      return 'static';
    }

    readonly #secret = 5;
    readonly data = 'data';
    declare hidden: never;

    override name(): string {
      return `api ${this.#secret}`;
    }

    get accessor(): () => string {
      touched = true;
      return () => 'accessor';
    }

    open(): { file: unknown } {
      return { file: give(fds.memfd('file')) };
    }
  }
  Object.defineProperty(Api.prototype, 'hidden', { value: undefined });

  beforeEach(() => {
    touched = false;
    serve(new Api());
  });

  test('also those that it extends, on the instance', async () => {
    await expect(client.call('kind')).resolves.toBe('base api 5');
    const { file } = (await client.call('open')) as { file: OwnedFd };
    file.close();
  });

  test.each([
    'constructor',
    'make',
    '#secret',
    'data',
    'accessor',
    'hidden',
    'toString',
    'hasOwnProperty',
    '__proto__',
    '__defineGetter__',
    'prototype',
  ])('and not %s', async (name) => {
    await expect(client.call(name)).rejects.toMatchObject({ code: 'ERR_RPC_METHOD' });
    expect(touched).toBe(false);
  });
});

test.each<[string, object, RegExp]>([
  ['an EventEmitter', new EventEmitter(), /EventEmitter is no object of handlers: .* inherits of EventEmitter/],
  ['what extends one', new (class Api extends Readable {})(), /instance of Api is no .* inherits of Readable/],
  ['a Map', new Map(), /inherits of Map/],
  ['what extends an Array', new (class Api extends Array<number> {})(), /instance of Api .* inherits of Array/],
  ['a Date', new Date(), /inherits of Date/],
  ['what extends an EventTarget', new (class Api extends EventTarget {})(), /instance of .* inherits of EventTarget/],
  ['an AbortController', new AbortController(), /inherits of AbortController/],
  ['a URL', new URL('file:///'), /inherits of URL/],
  ['what extends an AsyncResource', new (class Api extends AsyncResource {})('api'), /inherits of AsyncResource/],
  ['what extends an AsyncLocalStorage', new (class Api extends AsyncLocalStorage<0> {})(), /of AsyncLocalStorage/],
  [
    'an instance with a function of its own',
    new (class Api {
      constructor(readonly exec = (): number => 1) {}
    })(),
    /the function 'exec' of an instance of Api is no method .*: make it one if peers may call it, or #exec if not/,
  ],
  ['a class', RpcError, /not the class RpcError itself: give it an instance/],
])('%s is no object of handlers', (_name, handlers, message) => {
  expect(() => rpc(sockets[1], handlers as Handlers)).toThrow(
    expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) as string }) as Error,
  );
  rpc(sockets[1]);
});

test('a class of the name of a global one, or made global, is one like others', async () => {
  const URL = class URL {
    one(): number {
      return 1;
    }
  };
  const GlobalApi = class GlobalApi extends URL {};
  Object.assign(globalThis, { GlobalApi });
  try {
    serve(new GlobalApi());
    await expect(client.call('one')).resolves.toBe(1);
  } finally {
    Reflect.deleteProperty(globalThis, 'GlobalApi');
  }
});

test('an object without a prototype has its own functions', async () => {
  serve(Object.assign(Object.create(null) as object, { one: () => 1 }));
  await expect(client.call('one')).resolves.toBe(1);
});

describe('what has a descriptor is no iterator', () => {
  test('a ReadStream and an FdSocket are refused, with what to do, and destroyed', async () => {
    const stream = createReadStream(__filename);
    const [left, right] = socketpair();
    serve({ stream: () => stream, later: async () => Promise.resolve(left) });
    await expect(client.call('stream')).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message:
        "the result of 'stream' cannot be sent: result is an instance of ReadStream, which is not sent by itself: " +
        'give() sends its descriptor; it was destroyed',
    });
    await expect(client.call('later')).rejects.toThrow('give() sends its descriptor');
    expect([stream.destroyed, left.destroyed]).toEqual([true, true]);
    if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()));
    await closed(left, right);
  });

  test('a FileHandle is refused, with what to do, and closed', async () => {
    const handle = await open(__filename);
    serve({ handle: () => handle });
    await expect(client.call('handle')).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message:
        "the result of 'handle' cannot be sent: result is an instance of FileHandle, which is not sent by itself: " +
        'give() sends its descriptor; it was closed',
    });
    expect(handle.fd).toBe(-1);
  });

  test('one in a result or an item is closed as well, with all that are there', async () => {
    const handles = await Promise.all(Array.from({ length: 5 }, () => open(__filename)));
    const [one, two, three, four, five] = handles;
    const stream = createReadStream(__filename);
    let notified: (() => void) | undefined;
    serve({
      nested: () => ({ files: [{ one }, two], stream }),
      items: async function* () {
        yield await Promise.resolve({ three });
      },
      note: () => {
        notified?.();
        return { four };
      },
      // It says itself what it is in JSON, and what it holds is its own.
      wrapped: () => ({ five, toJSON: () => 'a name' }),
    });
    await expect(client.call('nested')).rejects.toThrow('result.files[0].one is an instance of FileHandle');
    const items = (await client.call('items')) as AsyncIterator<unknown>;
    await expect(items.next()).rejects.toThrow('item.three is an instance of FileHandle');
    await new Promise<void>((resolve, reject) => {
      notified = resolve;
      client.notify('note').catch(reject);
    });
    await expect(client.call('wrapped')).resolves.toBe('a name');
    expect(handles.map(({ fd }) => fd === -1)).toEqual([true, true, true, true, false]);
    expect(stream.destroyed).toBe(true);
    await five?.close();
    if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()));
  });

  test('one in an argument stays open, since the caller has it', async () => {
    const handle = await open(__filename);
    serve({ one: () => 1 });
    await expect(client.call('one', { handle })).rejects.toThrow('params.handle is an instance of FileHandle');
    expect(handle.fd).not.toBe(-1);
    await handle.close();
  });

  test('other streams are', async () => {
    serve({ stream: () => Readable.from([1, 2]) });
    const items: unknown[] = [];
    for await (const item of (await client.call('stream')) as AsyncIterable<unknown>) items.push(item);
    expect(items).toEqual([1, 2]);
  });
});

describe('an error about a value names method and member, and has a code', () => {
  beforeEach(() => {
    serve({
      sum: () => ({ rows: [{ total: 1n }] }),
      long: () => 'x'.repeat(2e6),
      fail: () => {
        throw new RpcError('EFAIL', 'failed', { big: 1n });
      },
      items: async function* () {
        yield await Promise.resolve({ big: 1n });
      },
    });
  });

  test('in a result', async () => {
    await expect(client.call('sum')).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message: expect.stringMatching(
        /^the result of 'sum' cannot be sent: result.rows\[0\].total is a BigInt/,
      ) as string,
    });
    await expect(client.call('long')).rejects.toMatchObject({
      code: 'ERR_FRAME_TOO_LARGE',
      message: expect.stringContaining("the result of 'long' cannot be sent: ") as string,
    });
    await expect(client.call('fail')).rejects.toThrow(
      "the result of 'fail' cannot be sent: error.data.big is a BigInt",
    );
    const items = (await client.call('items')) as AsyncIterator<unknown>;
    await expect(items.next()).rejects.toThrow("the result of 'items' cannot be sent: item.big is a BigInt");
  });

  test.each(['call', 'notify'] as const)('in the argument of %s()', async (how) => {
    await expect(client[how]('sum', { at: [new Map()] })).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: expect.stringMatching(/^the call of 'sum' cannot be sent: params.at\[0\] is a Map/) as string,
    });
    await expect(client[how]('sum', 'x'.repeat(2e6))).rejects.toMatchObject({
      code: 'ERR_FRAME_TOO_LARGE',
      message: expect.stringContaining("the call of 'sum' cannot be sent: ") as string,
    });
  });
});

test('who reads the socket in another way is told what took it over', () => {
  serve({});
  expect(() => sockets[0].on('data', () => undefined)).toThrow(
    modeRefusal(/^the socket was taken over by rpc\(\), .*: use another socket for bytes/),
  );
});

test('an iterator is shown by the name that its type has', async () => {
  serve({
    items: async function* () {
      yield await Promise.resolve(1);
    },
  });
  const items = await client.call('items');
  expect((items as object).constructor.name).toBe('RemoteItems');
  await (items as AsyncIterableIterator<number>).return?.();
});

describe('a socket that has been taken over', () => {
  test.each([
    ['rpc()', (socket: FdSocket) => rpc(socket)],
    ['fdChannel()', (socket: FdSocket) => fdChannel(socket)],
  ])('is refused by %s, and goes on as it was', async (name, take) => {
    serve({ hello: () => 'hello' });
    for (const socket of sockets)
      expect(() => take(socket)).toThrow(
        modeRefusal(
          new RegExp(
            `^the socket was taken over by rpc\\(\\), which reads all of it: use another socket for ${name.replace('()', '\\(\\)')}$`,
          ),
        ),
      );
    expect(await client.call('hello')).toBe('hello');
  });

  test('is not one whose arguments were refused', async () => {
    for (const options of [{ maxPending: 0 }, { maxDepth: 0 }, { onNotificationError: 5 as never }])
      expect(() => rpc(sockets[1], {}, options)).toThrow(/^(max|on)/);
    expect(() => rpc(sockets[1], { version: 1 } as never)).toThrow(/^handlers are functions/);
    serve({ hello: () => 'hello' });
    expect(await client.call('hello')).toBe('hello');
  });
});
