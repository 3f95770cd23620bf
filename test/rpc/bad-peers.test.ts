import { type FdSocket, socketpair } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { rpc, type Rpc } from '../../packages/rpc';
import { Files } from '../support/files';
import { closed } from '../support/peer';

// What a peer must not send ends its connection with an error that names the frame. Everything that came is closed, which
// is checked after each test, and other connections go on.

let peer: FdSocket;
let victim: Rpc;
let sockets: FdSocket[];
/** Another connection of the same server, with a call in flight. */
let other: Rpc;
let release: (value: string) => void;

beforeEach(() => {
  const [left, right] = socketpair();
  const [client, server] = socketpair();
  sockets = [left, right, client, server];
  const done = new Promise<string>((resolve) => (release = resolve));
  const handlers = {
    wait: () => done,
    forever: () => new Promise(() => undefined),
    async *items() {
      for (let item = 0; ; item++) yield await Promise.resolve(item);
    },
  };
  peer = left;
  victim = rpc(right, handlers, { maxLength: 4096 });
  rpc(server, handlers);
  other = rpc(client);
});

afterEach(async () => {
  await closed(...sockets);
});

async function send(text: string, files?: Files): Promise<number> {
  const { bytes, fds } = lengthPrefixed().encode({ bytes: Buffer.from(text), fds: files?.owned ?? [] });
  await peer.send(bytes, fds);
  return bytes.length;
}

const call = (members: object): string => JSON.stringify({ id: 1, method: 'wait', ...members });
const nested = `${'['.repeat(300)}${']'.repeat(300)}`;

test.each<[name: string, text: string, fds: number, code: string, message: RegExp]>([
  ['a placeholder out of range', call({ params: { $fd: 1 } }), 1, 'ERR_FRAME_INVALID', /stands for none of its 1 desc/],
  ['a placeholder with no descriptor', call({ params: [{ $fd: 0 }] }), 0, 'ERR_FRAME_INVALID', /none of its 0 desc/],
  ['a placeholder used twice', call({ params: [{ $fd: 0 }, { $fd: 0 }] }), 1, 'ERR_FRAME_INVALID', /used twice/],
  [
    'more descriptors than placeholders',
    call({ params: [{ $fd: 1 }] }),
    3,
    'ERR_FD_SURPLUS',
    /3 descriptors, and place/,
  ],
  [
    'a descriptor in the place of a method',
    '{"id":1,"method":{"$fd":0}}',
    1,
    'ERR_FRAME_INVALID',
    /not in what it answers/,
  ],
  ['a descriptor in the place of an id', '{"id":{"$fd":0},"method":"wait"}', 1, 'ERR_FRAME_INVALID', /id of a call/],
  ['an answer with a descriptor elsewhere', '{"id":1,"result":1,"x":{"$fd":0}}', 1, 'ERR_FRAME_INVALID', /not in what/],
  [
    'an error with a descriptor elsewhere',
    '{"id":1,"error":{"code":{"$fd":0}}}',
    1,
    'ERR_FRAME_INVALID',
    /not in what/,
  ],
  [
    'an iterator with a descriptor',
    '{"id":1,"iterator":true,"result":{"$fd":0}}',
    1,
    'ERR_FRAME_INVALID',
    /not in what/,
  ],
  ['an answer to nobody', '{"id":7,"result":{"$fd":0}}', 1, 'ERR_FRAME_INVALID', /answers call 7, which was not made/],
  ['an error to nobody', '{"id":7,"error":{"code":"E"}}', 0, 'ERR_FRAME_INVALID', /answers call 7/],
  ['an item to nobody', '{"id":7,"item":{"$fd":0}}', 1, 'ERR_FRAME_INVALID', /answers call 7/],
  ['an iterator to nobody', '{"id":7,"iterator":true}', 0, 'ERR_FRAME_INVALID', /answers call 7/],
  ['an answer without an id', '{"result":1}', 0, 'ERR_FRAME_INVALID', /answers call undefined/],
  ['an id that is no integer', '{"id":1.5,"method":"wait"}', 0, 'ERR_FRAME_INVALID', /the id of a call is an integer/],
  ['an id that is null', '{"id":null,"method":"wait"}', 0, 'ERR_FRAME_INVALID', /the id of a call is an integer/],
  ['a cancel with a descriptor', '{"cancel":1,"x":{"$fd":0}}', 1, 'ERR_FRAME_INVALID', /no descriptor goes with it/],
  ['no object', '[{"$fd":0}]', 1, 'ERR_FRAME_INVALID', /answers call undefined/],
  ['null', 'null', 0, 'ERR_FRAME_INVALID', /it is no object/],
  ['a number', '5', 0, 'ERR_FRAME_INVALID', /it is no object/],
  ['nothing', '', 0, 'ERR_FRAME_INVALID', /it is not JSON/],
  ['no JSON', '{"id":1', 2, 'ERR_FRAME_INVALID', /it is not JSON; closed 2 descriptors of it/],
  [
    'what is nested too deep',
    call({ params: [nested] }).replace(`"${nested}"`, nested),
    0,
    'ERR_FRAME_INVALID',
    /deeper than 256/,
  ],
])('%s', async (_name, text, count, code, message) => {
  const inFlight = other.call('wait');
  const waiting = victim.call('x');
  waiting.catch(() => undefined);
  using files = new Files(count);
  const length = await send(text, files);
  await expect(victim.closed).rejects.toMatchObject({
    code,
    message: expect.stringMatching(new RegExp(`^the frame at bytes 0 to ${length} .*${message.source}`)) as string,
  });
  await expect(waiting).rejects.toMatchObject({ code });
  release('goes on');
  await expect(inFlight).resolves.toBe('goes on');
});

test('a message that is longer than allowed', async () => {
  const sent = peer.send(Buffer.from([0, 1, 0, 0, 0, 0]));
  await expect(victim.closed).rejects.toMatchObject({ code: 'ERR_FRAME_TOO_LARGE' });
  await sent;
});

test('an id that is used again before it is answered', async () => {
  await send('{"id":1,"method":"forever"}');
  using files = new Files(1);
  await send('{"id":1,"method":"forever","params":{"$fd":0}}', files);
  await expect(victim.closed).rejects.toThrow(/the id of call 1, which is not answered, is used again; closed 1 desc/);
});

describe('answers to a call of ours', () => {
  /** The call, once the peer has it. */
  async function made(signal?: AbortSignal): Promise<{ promise: Promise<unknown> }> {
    const promise = victim.call('x', undefined, { signal });
    promise.catch(() => undefined);
    for await (const frame of peer.frames(lengthPrefixed())) {
      frame.close();
      return { promise };
    }
    throw new Error('the call did not come');
  }

  test('a second one', async () => {
    const { promise } = await made();
    await send('{"id":1,"result":5}');
    await expect(promise).resolves.toBe(5);
    await send('{"id":1,"result":5}');
    await expect(victim.closed).rejects.toThrow(/answers call 1, which was not made, or is answered already/);
  });

  test('one after it was cancelled is none too many, and a second one is', async () => {
    const controller = new AbortController();
    const { promise } = await made(controller.signal);
    controller.abort();
    await expect(promise).rejects.toThrow('aborted');
    using files = new Files(1);
    await send('{"id":1,"result":{"$fd":0}}', files);
    await send('{"id":1,"result":{"$fd":0}}', files);
    await expect(victim.closed).rejects.toThrow(/answers call 1/);
  });

  test('an item of no iterator, and more items than were asked for', async () => {
    using files = new Files(1);
    const first = await made();
    await send('{"id":1,"iterator":true}');
    const items = (await first.promise) as AsyncIterator<number>;
    const next = items.next();
    for (let item = 0; item < 17; item++)
      await send(`{"id":1,"item":${item < 16 ? item : '{"$fd":0}'}}`, item < 16 ? undefined : files);
    await expect(next).resolves.toEqual({ done: false, value: 0 });
    await expect(victim.closed).rejects.toThrow(/it has an item that was not asked for; closed 1 descriptor/);
  });

  test('an iterator that begins twice', async () => {
    await made();
    await send('{"id":1,"iterator":true}');
    await send('{"id":1,"iterator":true}');
    await expect(victim.closed).rejects.toThrow(/begins an iterator again/);
  });

  test('an item before the iterator', async () => {
    await made();
    await send('{"id":1,"item":5}');
    await expect(victim.closed).rejects.toThrow(/an item that was not asked for/);
  });

  test.each([
    ['{"id":1,"error":5}', { code: 'ERR_RPC_HANDLER', message: 'the call failed' }],
    ['{"id":1,"error":{"code":{},"message":[]}}', { code: 'ERR_RPC_HANDLER', message: 'the call failed' }],
    ['{"id":1,"error":{"code":"\\u001b[2J","message":"a\\u0000\\nb"}}', { message: String.raw`a\x00\x0ab` }],
  ])('an odd error rejects the call: %s', async (text, expected) => {
    const { promise } = await made();
    await send(text);
    await expect(promise).rejects.toMatchObject(expected);
    expect(victim.socket.destroyed).toBe(false);
  });
});

test.each([
  '{"cancel":99}',
  '{"cancel":"wait"}',
  '{"cancel":null}',
  '{"pull":99,"count":1}',
  '{"pull":1}',
  '{"pull":1,"count":-5}',
  '{"pull":1,"count":1e308}',
  '{"pull":1,"count":"x"}',
])('what may come late, or asks for nothing, does nothing: %s', async (text) => {
  await send('{"id":1,"method":"wait"}');
  await send(text);
  release('well');
  for await (const frame of peer.frames(lengthPrefixed())) {
    expect(frame.bytes.subarray(6).toString()).toBe('{"id":1,"result":"well"}');
    break;
  }
});

test('an iterator of which more is asked for than it is read makes no more than the socket takes', async () => {
  await send('{"id":1,"method":"items"}');
  await send('{"pull":1,"count":1e9}');
  // It goes on until the socket is full, and then waits for the peer.
  let before = -1;
  for (let turn = 0; turn < 200 || victim.socket.stats.framesSent !== before; turn++) {
    before = victim.socket.stats.framesSent;
    await new Promise(setImmediate);
  }
  expect(victim.socket.writableLength).toBeLessThan(100_000);
  peer.destroy();
  await victim.closed.catch(() => undefined);
});
