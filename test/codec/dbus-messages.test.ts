import fc from 'fast-check';
import { AncillaryError, type FdFrame, socketpair } from '../../packages/ancillary';
import { dbusHeader, dbusMessages, type DBusOutgoing } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import type { MeasureAt } from '../../packages/stream';
import { destroyed, nextOf } from '../socket/sockets';
import { Files, identitiesOf } from '../support/files';
import { propertyRuns } from '../support/properties';
import { CALL, callWith, marshalled, type TestField, type TestMessage } from './dbus-message';

const codec = dbusMessages();
const measure = (bytes: Uint8Array, options = {}) => dbusMessages(options).measure(bytes, 0);
const coded = (code: string) => expect.objectContaining({ code }) as Error;
const invalid = coded('ERR_FRAME_INVALID');

describe.each([true, false])('with littleEndian: %p', (littleEndian) => {
  it('measures a message by its body, its header fields and UNIX_FDS', () => {
    const message = marshalled({ littleEndian, fields: callWith(3), body: Buffer.alloc(7) });
    expect(measure(message)).toEqual({ length: message.length, fds: 3 });
    expect(measure(Buffer.concat([message, message]))).toEqual({ length: message.length, fds: 3 });
    expect(measure(marshalled({ littleEndian }))).toMatchObject({ fds: 0 });
  });

  it('reads every field of the header', () => {
    const fields: TestField[] = [
      [9, 'u', 2],
      [8, 'g', 'hh'],
      [7, 's', ':1.5'],
      [6, 's', ':1.6'],
      [5, 'u', 0xfffffffe],
      [4, 's', 'an.Error'],
      [3, 's', 'Member'],
      [2, 's', 'an.Interface'],
      [1, 'o', '/a/path'],
    ];
    expect(
      dbusHeader(marshalled({ littleEndian, type: 3, flags: 5, serial: 0xffffffff, fields, body: Buffer.alloc(8) })),
    ).toEqual({
      littleEndian,
      type: 'error',
      flags: 5,
      serial: 0xffffffff,
      unixFds: 2,
      signature: 'hh',
      sender: ':1.5',
      destination: ':1.6',
      replySerial: 0xfffffffe,
      errorName: 'an.Error',
      member: 'Member',
      interface: 'an.Interface',
      path: '/a/path',
      bodyLength: 8,
    });
  });

  it('wants the fixed part, then the header, then knows the length', () => {
    const message = marshalled({ littleEndian, body: Buffer.alloc(100) });
    const fieldsEnd = 16 + (littleEndian ? message.readUInt32LE(12) : message.readUInt32BE(12));
    for (let length = 0; length < fieldsEnd; length++) {
      expect(measure(message.subarray(0, length))).toEqual({ need: length < 16 ? 16 : fieldsEnd });
    }
    expect(measure(message.subarray(0, fieldsEnd))).toEqual({ length: message.length, fds: 0 });
  });
});

/** What a message of each type must have. */
const REPLY: TestField[] = [[5, 'u', 1]];
const FIELDS_OF: Record<number, readonly TestField[]> = { 2: REPLY, 3: [...REPLY, [4, 's', 'an.Error']] };
const ofType = (type: number) => marshalled({ type, fields: FIELDS_OF[type] ?? CALL });

it.each([1, 2, 3, 4, 5, 255])('a message of type %d is measured, also if it is to be ignored', (type) => {
  expect(measure(ofType(type))).toMatchObject({ fds: 0 });
});

it('names the types as match rules do; one that is not known is unknown', () => {
  const types = [1, 2, 3, 4, 5].map((type) => dbusHeader(ofType(type)).type);
  expect(types).toEqual(['method_call', 'method_return', 'error', 'signal', 'unknown']);
});

it.each<[string, TestMessage]>([
  ['a struct', { fields: [[200, '(yu)', Buffer.from([7, 0, 0, 0, 1, 0, 0, 0])], ...callWith(1)] }],
  ['an array', { fields: [[200, 'as', Buffer.from([5, 0, 0, 0, 1, 1, 1, 1, 1])], ...callWith(1)] }],
  ['an array of structs', { fields: [[200, 'a(yu)', Buffer.from([8, 0, 0, 0, ...Buffer.alloc(12)])], ...callWith(1)] }],
  ['a dict', { fields: [[200, 'a{sv}', Buffer.from([0, 0, 0, 0, 0, 0, 0, 0])], ...callWith(1)] }],
  ['a variant', { fields: [[200, 'v', Buffer.from([1, 0x75, 0, 0, 0, 0, 0, 7])], ...callWith(1)] }],
  [
    'numbers',
    { fields: [[200, 'x', Buffer.alloc(8)], [201, 'n', Buffer.alloc(2)], [202, 'd', Buffer.alloc(8)], ...callWith(1)] },
  ],
  [
    'an array of structs at the end, of which there may be none',
    { fields: [...callWith(1), [200, 'a(yu)', Buffer.alloc(8)]] },
  ],
  ['a text, twice', { fields: [[10, 'o', '/container'], [10, 'o', '/container'], ...callWith(1)] }],
])('passes over a header field that it does not know: %s', (_what, message) => {
  expect(measure(marshalled(message))).toMatchObject({ fds: 1 });
  expect(dbusHeader(marshalled(message))).toMatchObject({ type: 'method_call', member: 'Member' });
});

const nested = (depth: number): TestField => [
  200,
  'v',
  Buffer.concat([...Array.from({ length: depth }, () => Buffer.from([1, 0x76, 0])), Buffer.from([1, 0x79, 0, 7])]),
];

it.each<[string, Buffer]>([
  ['another byte order', Buffer.from(marshalled()).fill('x', 0, 1)],
  ['another version', marshalled({ version: 2 })],
  ['the type 0', marshalled({ type: 0 })],
  ['the serial 0', marshalled({ serial: 0 })],
  ['a field twice', marshalled({ fields: [...callWith(1), [9, 'u', 0]] })],
  ['a field of another type', marshalled({ fields: [...CALL, [9, 's', 'one']] })],
  ['the field 0', marshalled({ fields: [[0, 'u', 1], ...CALL] })],
  ['a text longer than the header', marshalled({ fields: [[1, 'o', '/a/path']], fieldsLength: 12 })],
  ['a text without its zero byte', marshalled({ fields: [[1, 'o', '/a/path']], fieldsLength: 15 })],
  ['a type that there is not', marshalled({ fields: [[200, 'z', Buffer.alloc(8)], ...CALL] })],
  ['two types', marshalled({ fields: [[200, 'uu', Buffer.alloc(8)], ...CALL] })],
  ['no type', marshalled({ fields: [[200, '', Buffer.alloc(8)], ...CALL] })],
  ['an empty struct', marshalled({ fields: [[200, '()', Buffer.alloc(0)], ...CALL] })],
  ['a struct without end', marshalled({ fields: [[200, '(u', Buffer.alloc(8)], ...CALL] })],
  ['an array of nothing', marshalled({ fields: [[200, 'a', Buffer.alloc(8)], ...CALL] })],
  ['an array without end', marshalled({ fields: [[200, 'ay', Buffer.alloc(4, 0xff)], ...CALL] })],
  [
    'structs too deep',
    marshalled({ fields: [[200, '('.repeat(120) + 'y' + ')'.repeat(120), Buffer.alloc(8)], ...CALL] }),
  ],
  ['arrays too deep', marshalled({ fields: [[200, 'a'.repeat(120) + 'y', Buffer.alloc(4)], ...CALL] })],
  ['a variant of two types', marshalled({ fields: [[200, 'v', Buffer.from([2, 0x79, 0x79, 0, 7, 7])], ...CALL] })],
  ['a known field of two types', marshalled({ fields: [...CALL, [9, 'uu', Buffer.alloc(4, 1)]] })],
  ['a text with another end', Buffer.from(marshalled({ fields: [[1, 'o', '/a']] })).fill('x', 26, 27)],
  ['variants too deep', marshalled({ fields: [nested(100), ...CALL] })],
])('%s is ERR_FRAME_INVALID', (_what, message) => {
  expect(() => measure(message)).toThrow(invalid);
  expect(() => dbusHeader(message)).toThrow(invalid);
});

it('variants may lie in variants', () => {
  expect(measure(marshalled({ fields: [nested(60), ...CALL] }))).toMatchObject({ fds: 0 });
});

it.each<[number, TestField[]]>([
  [1, [[1, 'o', '/a']]],
  [1, [[3, 's', 'Member']]],
  [2, []],
  [3, [[5, 'u', 1]]],
  [3, [[4, 's', 'an.Error']]],
  [
    4,
    [
      [1, 'o', '/a'],
      [3, 's', 'Member'],
    ],
  ],
])('a message of type %d that lacks a field is refused: %j', (type, fields) => {
  const message = marshalled({ type, fields, serial: 77 });
  expect(() => measure(message)).toThrow(invalid);
  expect(() => measure(message)).toThrow(
    /the D-Bus message with the serial 77 is not valid: it is a \w+ and has no \w+$/,
  );
  expect(() => dbusHeader(message)).toThrow(invalid);
});

it('dbusHeader() takes exactly one message', () => {
  const message = marshalled({ body: Buffer.alloc(3) });
  expect(() => dbusHeader(message.subarray(1))).toThrow(invalid);
  expect(() => dbusHeader(message.subarray(0, -1))).toThrow(invalid);
  expect(() => dbusHeader(message.subarray(0, 15))).toThrow(invalid);
  expect(() => dbusHeader(Buffer.concat([message, message]))).toThrow(invalid);
  expect(() => dbusHeader('a message' as unknown as Uint8Array)).toThrow(TypeError);
});

it('a message of maxLength is let through; one byte more is ERR_FRAME_TOO_LARGE', () => {
  const message = marshalled({ body: Buffer.alloc(8) });
  expect(measure(message, { maxLength: message.length })).toMatchObject({ length: message.length });
  expect(() => measure(message, { maxLength: message.length - 1 })).toThrow(coded('ERR_FRAME_TOO_LARGE'));
});

it('the specification’s own limits hold: 128 MiB for a message, 64 MiB for its header fields', () => {
  const announced = (bodyLength: number, fieldsLength: number) => {
    const message = marshalled({ type: 5, fields: [], bodyLength, fieldsLength });
    return () => measure(message);
  };
  const MiB = 2 ** 20;
  expect(announced(128 * MiB - 16, 0)()).toEqual({ length: 128 * MiB, fds: 0 });
  expect(announced(128 * MiB - 15, 0)).toThrow(coded('ERR_FRAME_TOO_LARGE'));
  expect(announced(0xffffffff, 0xffffffff)).toThrow(coded('ERR_FRAME_TOO_LARGE'));
  expect(announced(0, 64 * MiB)()).toEqual({ need: 64 * MiB + 16 });
  expect(announced(0, 64 * MiB + 1)).toThrow(coded('ERR_FRAME_TOO_LARGE'));
});

it.each([{ maxLength: 15 }, { maxLength: 2 ** 27 + 1 }, { maxFds: -1 }, { maxFds: 254 }, { maxFds: 1.5 }])(
  'refuses %j',
  (options) => expect(() => dbusMessages(options)).toThrow(RangeError),
);

it('measures the same in the midst of bytes, and whatever bytes there are it says something or throws a typed error', () => {
  const field = fc.tuple(
    fc.integer({ min: 0, max: 12 }),
    fc.constantFrom('s', 'o', 'g', 'u', 'as', 'v', '(yu)'),
    fc.oneof(fc.nat(), fc.string({ unit: 'grapheme-ascii', maxLength: 5 }), fc.uint8Array({ maxLength: 20 })),
  );
  const message = fc.record<TestMessage>(
    {
      littleEndian: fc.boolean(),
      type: fc.nat(5),
      serial: fc.nat(5),
      fields: fc.array(field, { maxLength: 4 }),
      body: fc.uint8Array({ maxLength: 9 }),
    },
    { requiredKeys: [] },
  );
  const mutated = fc
    .tuple(message, fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 3 }))
    .map(([given, changes]) => {
      const bytes = marshalled(given);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
  const outcome = (attempt: () => unknown) => {
    try {
      return attempt();
    } catch (error) {
      expect(error).toBeInstanceOf(AncillaryError);
      return String(error);
    }
  };
  const { measure: withAt } = codec as unknown as { readonly measure: { readonly at: MeasureAt } };
  fc.assert(
    fc.property(mutated, fc.uint8Array({ maxLength: 9 }), (bytes, before) => {
      const whole = outcome(() => codec.measure(bytes, 0));
      expect(outcome(() => withAt.at(Buffer.concat([before, bytes]), before.length, 0))).toEqual(whole);
      outcome(() => dbusHeader(bytes));
    }),
    propertyRuns,
  );
});

describe('encode()', () => {
  const message = marshalled({ fields: callWith(2) });

  it('gives a message and its descriptors as they are', () => {
    expect(codec.encode({ bytes: message, fds: [7, 8], transfer: true })).toEqual({
      bytes: message,
      fds: [7, 8],
      transfer: true,
    });
    expect(codec.encode({ bytes: marshalled() })).toEqual({ bytes: marshalled(), fds: [], transfer: false });
  });

  it.each([[[]], [[7]], [[7, 8, 9]]])('refuses descriptors that are not those that the header declares: %j', (fds) => {
    expect(() => codec.encode({ bytes: message, fds })).toThrow(/declares 2 descriptors/);
  });

  it('refuses what is not one whole message', () => {
    expect(() => codec.encode({ bytes: message.subarray(0, -1) })).toThrow(TypeError);
    expect(() => codec.encode({ bytes: Buffer.concat([message, message]), fds: [7, 8] })).toThrow(TypeError);
    expect(() => codec.encode({ bytes: Buffer.alloc(3) })).toThrow(TypeError);
    expect(() => codec.encode({ bytes: Buffer.alloc(16) })).toThrow(invalid);
    expect(() => codec.encode({ bytes: 'text' as unknown as Uint8Array })).toThrow(TypeError);
    expect(() => codec.encode({ bytes: message, fds: 7 as unknown as number[] })).toThrow(TypeError);
  });

  it('refuses more descriptors than the peer takes: 16, unless maxFds says otherwise', () => {
    const many = { bytes: marshalled({ fields: callWith(17) }), fds: new Array<number>(17).fill(7) };
    expect(() => codec.encode(many)).toThrow(RangeError);
    expect(dbusMessages({ maxFds: 17 }).encode(many)).toMatchObject({ fds: many.fds });
    expect(() => dbusMessages({ maxFds: 0 }).encode({ bytes: message, fds: [7, 8] })).toThrow(RangeError);
  });
});

describe('encode() of a header and a body', () => {
  const bytesOf = (message: DBusOutgoing, options = {}) =>
    Buffer.concat(dbusMessages(options).encode(message).bytes as Uint8Array[]);
  const call = { type: 'method_call', serial: 7, path: '/a', member: 'Member' } as const;
  const everything = {
    ...call,
    flags: 5,
    interface: 'an.Interface',
    destination: ':1.5',
    sender: ':1.6',
    signature: 'hs',
    body: Buffer.from('any bytes'),
    fds: [7, 8],
  };

  it.each<DBusOutgoing>([
    call,
    everything,
    { type: 'method_return', serial: 0xffffffff, replySerial: 0xffffffff },
    { type: 'error', serial: 1, replySerial: 2, errorName: 'an.Error', signature: 's', body: Buffer.alloc(8) },
    { type: 'signal', serial: 1, path: '/', interface: 'an.Interface', member: 'Member' },
  ])('makes a message of %j in both byte orders, which reads the same', (message) => {
    for (const littleEndian of [true, false]) {
      const bytes = bytesOf({ ...message, littleEndian } as DBusOutgoing);
      const { fds = [], body = Buffer.alloc(0), ...header } = message as Partial<typeof everything>;
      const expected = { flags: 0, ...header, littleEndian, unixFds: fds.length, bodyLength: body.length };
      expect(measure(bytes)).toEqual({ length: bytes.length, fds: fds.length });
      expect(dbusHeader(bytes)).toEqual(expected);
      expect(bytes.subarray(bytes.length - body.length)).toEqual(body);
    }
  });

  it('makes what a library of D-Bus makes', () => {
    const fields: TestField[] = [
      [1, 'o', '/a'],
      [2, 's', 'an.Interface'],
      [3, 's', 'Member'],
      [6, 's', ':1.5'],
      [7, 's', ':1.6'],
      [8, 'g', 'hs'],
      [9, 'u', 2],
    ];
    const expected = { serial: 7, flags: 5, fields, body: everything.body };
    expect(bytesOf(everything)).toEqual(marshalled(expected));
    expect(bytesOf({ ...everything, littleEndian: false })).toEqual(marshalled({ ...expected, littleEndian: false }));
  });

  it('a received message can be sent on with another header', () => {
    const frame = { bytes: bytesOf(everything), fds: [] } as unknown as FdFrame;
    const message = codec.decode(frame);
    if (message.type !== 'method_call') throw new Error(message.type);
    const changed = bytesOf({ ...message, bytes: undefined, sender: ':1.99', fds: everything.fds });
    expect(dbusHeader(changed)).toEqual({ ...dbusHeader(bytesOf(everything)), sender: ':1.99' });
  });

  it.each<[string, object]>([
    ['another type', { ...call, type: 'call' }],
    ['no path', { ...call, path: undefined }],
    ['no replySerial', { type: 'method_return', serial: 1 }],
    ['no serial', { ...call, serial: undefined }],
    ['the serial 0', { ...call, serial: 0 }],
    ['flags that are no byte', { ...call, flags: 256 }],
    ['a field that there is not', { ...call, memberr: 'Frobate' }],
    ['a name with a space', { ...call, member: 'Mem ber' }],
    ['a name with a zero byte', { ...call, member: 'Mem\0ber' }],
    ['a name that is not ASCII', { ...call, member: 'M\u00e9mber' }],
    ['a name that is a number', { ...call, member: 7 }],
    ['a body without its signature', { ...call, body: Buffer.alloc(1) }],
    ['a body whose signature is empty', { ...call, signature: '', body: Buffer.alloc(1) }],
    ['a signature without a body', { ...call, signature: 's' }],
    ['a signature whose body is empty', { ...call, signature: 's', body: Buffer.alloc(0) }],
    ['a body that is text', { ...call, signature: 's', body: 'text' }],
    ['a signature that is too long', { ...call, signature: 'y'.repeat(256), body: Buffer.alloc(256) }],
  ])('refuses %s', (_what, message) => {
    expect(() => codec.encode(message as DBusOutgoing)).toThrow(/./);
    try {
      codec.encode(message as DBusOutgoing);
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toMatch(/^ERR_(INVALID_ARG|OUT_OF_RANGE)/);
    }
  });

  it('names the field that was meant', () => {
    expect(() => codec.encode({ ...call, iface: 'a.b', memberr: 'Frobate' } as DBusOutgoing)).toThrow(
      /^a D-Bus message has no 'iface'/,
    );
    expect(() => codec.encode({ ...call, memberr: 'Frobate' } as DBusOutgoing)).toThrow(
      /^a D-Bus message has no 'memberr'\. Did you mean 'member'\?/,
    );
  });

  it('takes what stands in a received message, with another destination', () => {
    const header = dbusHeader(bytesOf(call));
    const onward = { ...header, body: Buffer.alloc(0), fds: [], destination: 'org.example' } as DBusOutgoing;
    expect(dbusHeader(bytesOf(onward))).toEqual({ ...header, destination: 'org.example' });
  });

  it('refuses what is longer than maxLength', () => {
    const long = { ...call, signature: 'ay', body: Buffer.alloc(100) };
    expect(() => bytesOf(long, { maxLength: 100 })).toThrow(coded('ERR_FRAME_TOO_LARGE'));
    expect(bytesOf(long, { maxLength: 200 })).toHaveLength(56 + 100);
  });
});

it('of the descriptors of a message some may be transferred, and some borrowed', async () => {
  const [left, right] = socketpair();
  using files = new Files(2);
  const call = { type: 'method_call', serial: 1, path: '/', member: 'Member' } as const;
  await framed(left, codec).send({ ...call, fds: files.owned, transfer: [true, false] });
  expect(files.owned.map(({ closed }) => closed)).toEqual([true, false]);
  using frame = await nextOf(right.frames(codec));
  expect(identitiesOf(frame.fds)).toEqual(files.identities);
  await destroyed(left, right);
});

it('messages pass a socket with their descriptors, which are the receiver’s', async () => {
  const [left, right] = socketpair();
  const sender = framed(left, codec);
  const receiver = framed(right, codec)[Symbol.asyncIterator]();
  using files = new Files(2);
  const body = Buffer.from('a body');
  await sender.send({ bytes: marshalled({ littleEndian: false, serial: 1 }) });
  await sender.send({ bytes: marshalled({ serial: 2, fields: callWith(2), body }), fds: files.owned });
  expect(await nextOf(receiver)).toMatchObject({ serial: 1, fds: [] });
  const second = await nextOf(receiver);
  expect(second).toMatchObject({
    type: 'method_call',
    serial: 2,
    body,
    bytes: marshalled({ serial: 2, fields: callWith(2), body }),
  });
  expect(identitiesOf(second.fds)).toEqual(files.identities);
  for (const fd of second.fds) fd.close();
  await destroyed(left, right);
});
