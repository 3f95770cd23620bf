import { type FdFrame, OwnedFd, socketpair } from '../../packages/ancillary';
import { type OutgoingVarlinkMessage, type VarlinkBody, varlinkMessages } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { Files, identitiesOf } from '../support/files';
import { closed } from '../support/peer';
import { wholeOf } from './wire';

const CALL: VarlinkBody = { method: 'org.example.Open', parameters: { path: 'a\0b', deep: [{ é: null }] }, more: true };

async function received(bytes: string | Uint8Array): Promise<VarlinkBody> {
  const [left, right] = socketpair();
  try {
    await left.send(bytes);
    left.end();
    for await (const { body } of framed(right, varlinkMessages())) return body;
    throw new Error('nothing came');
  } finally {
    await closed(left, right);
  }
}

it('a message is an object of JSON and a zero byte, which its strings do not contain', () => {
  const text = wholeOf(varlinkMessages().encode({ body: CALL })).toString();
  expect(text).toBe(
    '{"method":"org.example.Open","parameters":{"path":"a\\u0000b","deep":[{"é":null}]},"more":true}\0',
  );
});

it('calls, replies and errors come back as they were, each with its own descriptors', async () => {
  const [left, right] = socketpair();
  using files = new Files(3);
  const sender = framed(left, varlinkMessages());
  const bodies: VarlinkBody[] = [
    CALL,
    { parameters: {}, continues: true },
    { error: 'org.varlink.service.MethodNotFound', parameters: { method: 'x'.repeat(100_000) } },
    {},
    { method: 'a.B', oneway: true, upgrade: false, parameters: null },
  ];
  const sending = bodies.map((body, index) => sender.send({ body, fds: files.owned.slice(0, index % 3) }));
  const ended = Promise.all(sending).then(() => left.end());
  const came: [VarlinkBody, string[]][] = [];
  for await (const { body, fds } of framed(right, varlinkMessages())) {
    came.push([body, identitiesOf(fds)]);
    OwnedFd.closeAll(fds);
  }
  await ended;
  expect(came).toEqual(bodies.map((body, index) => [body, files.identities.slice(0, index % 3)]));
  await closed(left, right);
});

const nested = (depth: number): string => `{"parameters":{"a":${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}}}`;

it('the depth of a message is checked before it is parsed, whatever its length', async () => {
  const parse = jest.spyOn(JSON, 'parse');
  try {
    await expect(received(`${nested(257)}\0`)).rejects.toMatchObject({
      code: 'ERR_FRAME_INVALID',
      message: expect.stringContaining('nested deeper than 256') as string,
    });
    await expect(received(`{"parameters":{"a":${'['.repeat(50_000)}\0`)).rejects.toMatchObject({
      code: 'ERR_FRAME_INVALID',
    });
    expect(parse).not.toHaveBeenCalled();
  } finally {
    parse.mockRestore();
  }
  expect(await received(`${nested(256)}\0`)).toEqual(JSON.parse(nested(256)));
});

it('what is nested too deep is not sent either, and the depth can be said', () => {
  const body = JSON.parse(nested(5)) as VarlinkBody;
  expect(wholeOf(varlinkMessages({ maxDepth: 5 }).encode({ body })).toString()).toBe(`${nested(5)}\0`);
  expect(() => varlinkMessages({ maxDepth: 4 }).encode({ body })).toThrow(
    expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }) as Error,
  );
  expect(() => varlinkMessages({ maxDepth: 1001 })).toThrow(
    expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }) as Error,
  );
});

it('what the specification has no word for is passed on, and null stands for what is not there', async () => {
  expect(await received('{"method":null,"parameters":null,"later":[1]}\0')).toEqual({
    method: null,
    parameters: null,
    later: [1],
  });
});

it.each([
  ['\0', /^the message at bytes 0 to 1 is no JSON/],
  ['{}}\0', /^the message at bytes 0 to 4 is no JSON/],
  ['[]\0', /is no object: an instance of Array$/],
  ['null\0', /is no object: null$/],
  ['"text"\0', /is no object: 'text'$/],
  ['{"method":3}\0', /has no string as its method$/],
  ['{"error":{}}\0', /has no string as its error$/],
  ['{"parameters":[]}\0', /has no object as its parameters$/],
  ['{"more":"yes"}\0', /has neither true nor false as its more$/],
  [`${'['.repeat(100_000)}\0`, /is no JSON/],
  [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0]), /is no JSON: its bytes are not UTF-8$/],
])('%j is ERR_FRAME_INVALID, which says where and why', async (bytes, message) => {
  await expect(received(bytes)).rejects.toMatchObject({
    code: 'ERR_FRAME_INVALID',
    message: expect.stringMatching(message) as string,
  });
});

it('descriptors of a message that is invalid are closed', async () => {
  const [left, right] = socketpair();
  using files = new Files(2);
  await left.send('nonsense\0', files.owned);
  const frame = ((await right.frames(varlinkMessages()).next()) as { value: FdFrame }).value;
  expect(() => varlinkMessages().decode(frame)).toThrow();
  expect(frame.fds).toHaveLength(2);
  frame.close();
  await closed(left, right);
});

it('a longer message than allowed is ERR_FRAME_TOO_LARGE, both ways', () => {
  const codec = varlinkMessages({ maxLength: 10 });
  const tooLarge = expect.objectContaining({ code: 'ERR_FRAME_TOO_LARGE' }) as Error;
  expect(() => codec.encode({ body: { method: 'a.B' } })).toThrow(tooLarge);
  expect(() => codec.measure(Buffer.alloc(11, 'a'), 0)).toThrow(tooLarge);
});

it.each([
  [undefined, 'ERR_INVALID_ARG_TYPE'],
  [{}, 'ERR_INVALID_ARG_TYPE'],
  [{ body: [] }, 'ERR_INVALID_ARG_TYPE'],
  [{ body: { method: 3 } }, 'ERR_INVALID_ARG_TYPE'],
  [{ body: { parameters: [] } }, 'ERR_INVALID_ARG_TYPE'],
  [{ body: {}, fds: 3 }, 'ERR_INVALID_ARG_TYPE'],
  [{ body: {}, fds: Array.from({ length: 254 }, () => 0) }, 'ERR_OUT_OF_RANGE'],
])('refuses to send %p', (message, code) => {
  expect(() => varlinkMessages().encode(message as OutgoingVarlinkMessage)).toThrow(
    expect.objectContaining({ code }) as Error,
  );
});

it.each<[unknown, RegExp]>([
  [
    { method: 'a.B' },
    /^encode\(\) takes { body, fds }: method, parameters and the like stand in body, which is missing$/,
  ],
  [{ body: 'text' }, /^body of a message to encode is no object: 'text'$/],
  [
    { body: { parameters: { sizes: { large: 5n } } } },
    /^body of a message to encode cannot be written as JSON: large is a BigInt; give a number or a string$/,
  ],
])('says what is wrong with %p', (message, says) => {
  const wrong = expect.objectContaining({
    code: 'ERR_INVALID_ARG_TYPE',
    message: expect.stringMatching(says) as string,
  }) as Error;
  expect(() => varlinkMessages().encode(message as OutgoingVarlinkMessage)).toThrow(wrong);
});

it('a circle in a body is refused with a code', () => {
  const parameters: Record<string, unknown> = {};
  parameters['self'] = parameters;
  expect(() => varlinkMessages().encode({ body: { parameters } })).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }) as Error,
  );
});

it('a message has at most 1 MiB, unless maxLength says otherwise', () => {
  const body = (bytes: number): VarlinkBody => ({ method: 'x'.repeat(bytes - '{"method":""}'.length) });
  const whole = (bytes: number) => wholeOf(varlinkMessages().encode({ body: body(bytes) }));
  const MiB = 2 ** 20;
  expect(varlinkMessages().measure(whole(MiB), 0)).toMatchObject({ length: MiB + 1 });
  const tooLarge = expect.objectContaining({ code: 'ERR_FRAME_TOO_LARGE' }) as Error;
  expect(() => whole(MiB + 1)).toThrow(tooLarge);
  const long = wholeOf(varlinkMessages({ maxLength: 2 * MiB }).encode({ body: body(MiB + 1) }));
  expect(() => varlinkMessages().measure(long, 0)).toThrow(tooLarge);
});
