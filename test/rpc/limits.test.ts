import { Readable } from 'node:stream';
import { fds, type FdSocket, OwnedFd, socketpair } from '../../packages/ancillary';
import { framed, type Framed, give, jsonValues, type ReceivedValue, rpc, type Rpc } from '../../packages/rpc';
import { Files } from '../support/files';
import { closed } from '../support/peer';

// A peer that has too much running, or that does not read, neither stops what others wait for nor takes memory without
// bound, and its death is noticed. That no descriptor is left is checked after each test.

let sockets: [FdSocket, FdSocket];
let peer: Framed<ReceivedValue, unknown>;
let server: Rpc;
let aborted: number;
let started: number;
/** Lets those that wait go on. */
let release: () => void;
let streams: Readable[];
let dropped: unknown[];

const BIG = 'x'.repeat(500_000);

beforeEach(() => {
  sockets = socketpair();
  aborted = 0;
  started = 0;
  streams = [];
  dropped = [];
  const released = new Promise<void>((resolve) => (release = resolve));
  peer = framed(sockets[0], jsonValues());
  server = rpc(
    sockets[1],
    {
      hang(_params, { signal }) {
        started++;
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted++;
            resolve(undefined);
          });
        });
      },
      async wait() {
        started++;
        await released;
      },
      async *items() {
        started++;
        yield await Promise.resolve('item');
      },
      big() {
        started++;
        return BIG;
      },
      async stream() {
        await released;
        const stream = new Readable({ read: () => undefined });
        streams.push(stream);
        return stream;
      },
      file() {
        started++;
        return { file: give(fds.memfd('answer')) };
      },
      many: () => Array.from({ length: 254 }, () => give(fds.memfd('many'))),
    },
    { onNotificationError: (error) => dropped.push((error as { code?: unknown }).code) },
  );
});

afterEach(async () => {
  release();
  await closed(...sockets);
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

async function call(id: number, method: string, params?: unknown): Promise<void> {
  await peer.send({ id, method, params });
}

/** The answers to calls, until there is one to each of these. */
async function answers(...ids: number[]): Promise<Map<number, Record<string, unknown>>> {
  const found = new Map<number, Record<string, unknown>>();
  for await (const { value, fds: received } of peer) {
    const answer = value as Record<string, unknown>;
    OwnedFd.closeAll(received);
    found.set(answer['id'] as number, answer);
    if (ids.every((id) => found.has(id))) break;
  }
  return found;
}

/** Takes up all that may run: 258 descriptors. */
async function fill(method: string, files: Files): Promise<void> {
  await call(1, method, files.owned);
  await call(2, method, files.owned);
}

test('where too much runs, cancel and pull are read', async () => {
  using files = new Files(129);
  await fill('items', files);
  await answers(1, 2);
  await peer.send({ pull: 1, count: 1 });
  expect((await answers(1)).get(1)).toEqual({ id: 1, item: 'item' });
  await peer.send({ cancel: 1 });
  await peer.send({ cancel: 2 });
  await answers(1, 2);
  await call(3, 'items');
  await answers(3);
});

test('so are answers to calls of ours', async () => {
  using files = new Files(129);
  await fill('hang', files);
  const ours = server.call('theirs');
  await answers(1);
  await peer.send({ id: 1, result: 'answered' });
  await expect(ours).resolves.toBe('answered');
});

test.each(['items', 'hang'])('and that the peer is dead, which has %s running', async (method) => {
  using files = new Files(129);
  await fill(method, files);
  await call(3, method, files.owned);
  await until(() => started === 2 || method === 'items');
  sockets[0].destroy();
  await server.closed.catch(() => undefined);
  expect(aborted).toBe(method === 'hang' ? 2 : 0);
});

test('what waits is started in order, or refused where it is too much, and cancelled ones never are', async () => {
  using files = new Files(129);
  await fill('wait', files);
  await call(3, 'wait', files.owned);
  await call(4, 'big');
  await call(5, 'wait', files.owned);
  const refused = (await answers(5)).get(5);
  expect(refused).toMatchObject({
    error: { code: 'ERR_RPC_BUSY', message: expect.stringContaining('not started') as string },
  });
  await peer.send({ cancel: 3 });
  expect((await answers(3)).get(3)).toMatchObject({ error: { code: 'ABORT_ERR' } });
  expect(started).toBe(2);
  release();
  await answers(1, 2, 4);
  expect(started).toBe(3);
});

test('the death of a peer is noticed where too many notifications wait', async () => {
  for (let burst = 0; burst < 84; burst++) {
    const sent = Array.from({ length: 100 }, () => peer.send({ method: 'hang' }));
    await Promise.all(sent);
  }
  await until(() => started === 4097);
  sockets[0].destroy();
  await server.closed.catch(() => undefined);
  expect(aborted).toBe(4097);
});

/** Until nothing more is started. */
async function quiet(): Promise<void> {
  for (let turns = 0, before = -1; turns < 50; turns++) {
    if (started !== before) turns = 0;
    before = started;
    await turn();
  }
}

describe('a peer that reads no answers makes none beyond', () => {
  test.each([
    ['some MiB', 'big', 400, 100],
    // Of which the kernel takes 278, and each that waits is there twice.
    ['some hundred descriptors', 'file', 1000, 700],
  ])('%s, and is answered when it reads', async (_what, method, calls, most) => {
    for (let id = 1; id <= calls; id++) void call(id, method);
    await quiet();
    expect(started).toBeLessThan(most);
    await answers(...Array.from({ length: calls }, (_, index) => index + 1));
    expect(started).toBe(calls);
  });

  test('some hundred descriptors where a call of ours waits, whose answer is read', async () => {
    const ours = server.call('theirs');
    for (let id = 1; id <= 1000; id++) void call(id, 'file');
    await quiet();
    expect(started).toBeLessThan(700);
    await peer.send({ id: 1, result: 'answered' });
    await expect(ours).resolves.toBe('answered');
  });
});

describe('a stream that a handler returns is destroyed', () => {
  const isDestroyed = (): boolean => streams.length === 1 && streams[0]?.destroyed === true;

  test('if nobody asked for a result', async () => {
    await peer.send({ method: 'stream' });
    release();
    await until(isDestroyed);
  });

  test('if the call was cancelled before', async () => {
    await call(1, 'stream');
    await peer.send({ cancel: 1 });
    release();
    await answers(1);
    await until(isDestroyed);
  });

  test('if it is cancelled before an item is asked for', async () => {
    release();
    await call(1, 'stream');
    await answers(1);
    await peer.send({ cancel: 1 });
    await until(isDestroyed);
  });

  test('if the peer has left', async () => {
    await call(1, 'stream');
    sockets[0].destroy();
    await server.closed.catch(() => undefined);
    release();
    await until(isDestroyed);
  });
});

describe('more descriptors than a message may have', () => {
  test('in a call reject it alone, and are closed if given', async () => {
    const given = Array.from({ length: 254 }, () => fds.memfd('given'));
    await expect(server.call('theirs', given.map(give))).rejects.toThrow('253 descriptors, and not 254');
    expect(given.every(({ closed: isClosed }) => isClosed)).toBe(true);
    expect(sockets[1].destroyed).toBe(false);
  });

  test('in a result give the caller an error', async () => {
    await call(1, 'many');
    expect((await answers(1)).get(1)).toMatchObject({ error: { message: expect.stringContaining('254') as string } });
  });
});

describe('give() closes what is not sent', () => {
  let fd: OwnedFd;

  beforeEach(() => {
    fd = fds.memfd('given');
  });

  afterEach(() => {
    expect(fd.closed).toBe(true);
  });

  test.each<[string, (file: OwnedFd) => unknown]>([
    ['within toJSON, too long', (file) => ({ toJSON: () => ({ file: give(file), long: 'x'.repeat(2e6) }) })],
    ['within toJSON, beside a BigInt', (file) => ({ toJSON: () => ({ file: give(file), big: 1n }) })],
    [
      'of a getter, too long',
      (file) => ({
        get file() {
          return give(file);
        },
        long: 'x'.repeat(2e6),
      }),
    ],
    ['in a Map', (file) => ({ map: new Map([['file', give(file)]]) })],
    ['in a Set', (file) => [new Set([{ file: give(file) }])]],
  ])('%s', async (_name, value) => {
    await expect(server.call('theirs', value(fd))).rejects.toThrow();
  });

  test.each([null, 5, { signal: 5 }, { signals: undefined }])('with options that are none: %p', async (options) => {
    await expect(server.call('theirs', { file: give(fd) }, options as never)).rejects.toThrow(TypeError);
  });
});

test.each(['{"toString":1,"valueOf":1}', '-1', '0.5', '"1"', 'null', '[1]', 'true'])(
  'asking for %s items asks for none',
  async (count) => {
    await call(1, 'items');
    await answers(1);
    await peer.send({ pull: 1, count: JSON.parse(count) as unknown });
    await call(2, 'big');
    expect([...(await answers(2)).keys()]).toEqual([2]);
    expect(started).toBe(1);
  },
);
