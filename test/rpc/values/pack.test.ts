import { open } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { fds, OwnedFd, socketpair } from '../../../packages/ancillary';
import { give } from '../../../packages/rpc';
import { pack } from '../../../packages/rpc/values/pack';
import { unpack } from '../../../packages/rpc/values/unpack';
import { destroyed } from '../../socket/sockets';
import { identity } from '../../support/descriptors';
import { Files, identitiesOf } from '../../support/files';

const FRAME = { range: { start: 100, end: 180 } };

/** What a value is after it was packed and unpacked, with descriptors that arrive as copies. */
function through(value: unknown): { value: unknown; fds: OwnedFd[] } {
  const { text, fds: sent } = pack(value);
  const received = sent.map((fd) => fds.dup(fd));
  return { value: unpack(text, received, FRAME), fds: received };
}

describe('what holds no descriptor', () => {
  const now = new Date();
  const own = Object.create({ inherited: 1 }) as Record<string, unknown>;
  own['a'] = 1;
  class Point {
    constructor(readonly x: number) {}

    add({ x }: Point): Point {
      return new Point(this.x + x);
    }
  }

  test.each([
    ['scalars', [1, 'two', true, null, -0.5]],
    ['nothing, where JSON has nothing', { a: undefined, b: [undefined], [Symbol('y')]: 1 }],
    ['dates', { now, list: [now] }],
    ['a Buffer', { buffer: Buffer.from('abc') }],
    ['objects around scalars', [new Number(5), new String('s'), new Boolean(false)]],
    ['numbers that are none', [NaN, Infinity]],
    ['what has a toJSON', { a: { toJSON: (name: string) => ({ name, b: 1 }) } }],
    ['what toJSON makes that has one', { a: { toJSON: () => ({ b: 1, toJSON: () => 'not asked for' }) } }],
    [
      'what is its own JSON',
      {
        a: {
          b: 1,
          toJSON() {
            return this;
          },
        },
      },
    ],
    ['classes, and what is inherited', [new Point(1), own]],
    ['no members', [{}, Object.create(null), new Proxy({}, {})]],
    ['an error that has a toJSON', Object.assign(new Error('no'), { toJSON: () => ({ message: 'no' }) })],
    ['no prototype', Object.assign(Object.create(null) as object, { a: { b: 1 } })],
    ['a member called __proto__', JSON.parse('{"__proto__":{"x":1},"a":{"__proto__":[2]}}')],
    ['the same twice', [now, now, own, own]],
  ])('is as JSON.stringify has it: %s', (_name, value) => {
    expect(pack(value)).toEqual({ text: JSON.stringify(value), fds: [], transfer: [] });
    expect(through(value).value).toEqual(JSON.parse(JSON.stringify(value)));
  });
});

describe('what JSON does not have is refused, by the name of the member', () => {
  function* numbers(): Generator<number> {
    yield 1;
  }
  async function* later(): AsyncGenerator<number> {
    yield await Promise.resolve(1);
  }
  class Secret {
    readonly #data = 1;

    get data(): number {
      return this.#data;
    }
  }
  class Api {
    readonly close = (): void => undefined;
  }

  test.each<[string, unknown, string]>([
    ['a BigInt', { params: { rows: [0, { total: 1n }] } }, 'params.rows\\[1\\].total is a BigInt, .*: send a string'],
    ['a BigInt as an object', { a: Object(1n) as unknown }, 'a is an instance of BigInt, which'],
    ['a function', { call: () => 1 }, 'call is a function, .*: a peer can only call handlers'],
    ['a function in an array', [[() => 1]], '\\[0\\]\\[0\\] is a function'],
    ['a function of an instance', new Api(), 'close is a function'],
    ['a class', { a: Api }, 'a is the class Api itself'],
    ['a symbol', { 'not a name': Symbol('x') }, "\\['not a name'\\] is a symbol"],
    ['a Map', { map: new Map() }, 'map is a Map, .*: send Object.fromEntries'],
    ['a Set', { a: { set: new Set() } }, 'a.set is a Set, .*: send \\[...set\\]'],
    ['a WeakMap', { a: new WeakMap() }, 'a is an instance of WeakMap, which JSON does not have'],
    ['bytes', { a: new Uint8Array([1]) }, 'a is an instance of Uint8Array, and JSON has no bytes: send text, or give'],
    ['an ArrayBuffer', { a: new ArrayBuffer(1) }, 'a is an instance of ArrayBuffer, and JSON has no bytes'],
    ['a RegExp', { a: /x/ }, 'a is an instance of RegExp'],
    ['a generator', { rows: numbers() }, 'rows is a generator, .*: send \\[...items\\]; nothing was sent$'],
    ['an iterator', { a: new Map().values() }, 'a is an instance of .*, which JSON does not have: send \\[...items\\]'],
    ['an async generator', { rows: later() }, 'rows is an async iterator, .* result itself; nothing was sent$'],
    ['an Error', new Error('no'), 'the value is an instance of Error, of which JSON has no message: throw it, or send'],
    [
      'one with a code',
      { a: Object.assign(new TypeError('no'), { code: 'ENO' }) },
      'a is an instance of TypeError, of',
    ],
    ['an AbortError', { a: new DOMException('no', 'AbortError') }, 'a is an instance of DOMException, '],
    [
      'Headers',
      { a: new Headers({ b: 'c' }) },
      'a is an instance of Headers, which JSON does not have: send \\[...items',
    ],
    ['a Blob', { a: new Blob(['x']) }, 'a is an instance of Blob, which has no members: JSON would make \\{\\} of it;'],
    ['an AbortSignal', { a: new AbortController().signal }, 'a is an instance of AbortSignal, which has no members'],
    [
      'an instance whose data is private',
      { a: [new Secret()] },
      'a\\[0\\] is an instance of Secret, which has no members',
    ],
    [
      'what only inherits members',
      { a: Object.create({ b: 1 }) as unknown },
      'a is an instance of Object, which has no',
    ],
    ['a Promise', { file: Promise.resolve(1) }, 'file is a Promise: await it first'],
    ['a stream', { file: new PassThrough() }, 'file is an instance of PassThrough, .* give\\(\\) sends its descriptor'],
    ['within toJSON', { made: { toJSON: () => ({ big: 1n }) } }, 'made.big is a BigInt'],
    ['the value itself', () => 1, 'the value is a function'],
    ['deep inside', nested(100), '^a.a.a.a.*[.][.][.].*a.a.a is a symbol, .*; nothing was sent$'],
  ])('%s', (_name, value, message) => {
    const refused = expect.objectContaining({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: expect.stringMatching(message) as string,
    }) as Error;
    expect(() => pack(value)).toThrow(refused);
  });

  test('a BigInt that has a toJSON is what it says', () => {
    const prototype = BigInt.prototype as { toJSON?: (this: bigint) => string };
    prototype.toJSON = function () {
      return String(this);
    };
    try {
      expect(pack({ a: [1n] }).text).toBe('{"a":["1"]}');
    } finally {
      delete prototype.toJSON;
    }
  });
});

function nested(depth: number): object {
  return { a: depth === 0 ? Symbol('x') : nested(depth - 1) };
}

test('descriptors travel as placeholders, wherever they are, and arrive in their places', () => {
  using files = new Files(4);
  const [a, b, c, d] = files.owned as [OwnedFd, OwnedFd, OwnedFd, OwnedFd];
  const sent = { list: [a, { deep: [[b]] }], when: new Date(0), made: { toJSON: () => ({ c }) }, d };
  const packed = pack(sent);
  expect(packed.text).toBe(
    '{"list":[{"$fd":0},{"deep":[[{"$fd":1}]]}],"when":"1970-01-01T00:00:00.000Z","made":{"c":{"$fd":2}},"d":{"$fd":3}}',
  );
  const { value, fds: received } = through(sent);
  const arrived = value as { list: [OwnedFd, { deep: [[OwnedFd]] }]; made: { c: OwnedFd }; d: OwnedFd };
  expect(identitiesOf([arrived.list[0], arrived.list[1].deep[0][0], arrived.made.c, arrived.d])).toEqual(
    files.identities,
  );
  OwnedFd.closeAll(received);
});

test('a value that is nothing but a descriptor, and one that toJSON makes', () => {
  using file = fds.memfd('file');
  for (const value of [file, { toJSON: () => file }]) {
    const { value: arrived, fds: received } = through(value);
    expect(arrived).toBe(received[0]);
    expect(identity((arrived as OwnedFd).fd)).toBe(identity(file.fd));
    OwnedFd.closeAll(received);
  }
});

test('the same descriptor twice is sent twice, since each place has its own', () => {
  using file = fds.memfd('file');
  const { value, fds: received } = through([file, file]);
  expect(received).toHaveLength(2);
  expect(value).toEqual(received);
  OwnedFd.closeAll(received);
});

test('what is sent is left as it was', () => {
  using file = fds.memfd('file');
  const value = { a: [file, { $fd: 1 }], b: 2 };
  pack(value);
  expect(value).toEqual({ a: [file, { $fd: 1 }], b: 2 });
});

describe('data that looks like a placeholder stays data', () => {
  test.each([
    { $fd: 0 },
    { a: [{ $fd: 0 }] },
    { $fd: 0, other: 1 },
    { $$fd: 0 },
    { $$$fd: { $fd: { $$fd: 1 } } },
    { $fd: null, $$fd: null, '': 1, $: 2, x$fd: 3, $fds: 4, fd: 5 },
    JSON.parse('{"\\u0024fd":0,"__proto__":{"$fd":1}}') as object,
    { toJSON: () => ({ $fd: 0 }) },
    [Object.assign(Object.create(null) as object, { $fd: 0 })],
  ])('%j', (value) => {
    using file = fds.memfd('file');
    const { value: arrived, fds: received } = through({ value, file });
    expect(arrived).toEqual({ value: JSON.parse(JSON.stringify(value)) as unknown, file: received[0] });
    expect(through(value).value).toEqual(JSON.parse(JSON.stringify(value)));
    OwnedFd.closeAll(received);
  });
});

test('give() marks those that go with the message', () => {
  using lent = fds.memfd('lent');
  using given = fds.memfd('given');
  expect(pack([give(given), lent, give(7)])).toEqual({
    text: '[{"$fd":0},{"$fd":1},{"$fd":2}]',
    fds: [given, lent, 7],
    transfer: [true, false, true],
  });
});

describe('a value that cannot be sent closes what was given away in it, and nothing else', () => {
  const cycle = (members: object): object => {
    const value: Record<string, unknown> = { ...members };
    value['self'] = { value };
    return value;
  };
  let deep: unknown = [];
  for (let level = 0; level < 300; level++) deep = [deep];

  test.each<[string, (members: object) => unknown, RegExp]>([
    ['a cycle', cycle, /cycle/],
    ['a BigInt', (members) => ({ ...members, big: 1n }), /BigInt/],
    ['too deep', (members) => ({ deep, ...members }), /nested deeper than 256/],
    [
      'a toJSON that throws',
      (members) => ({
        ...members,
        a: {
          toJSON: () => {
            throw new Error('no JSON');
          },
        },
      }),
      /no JSON/,
    ],
    ['nothing', (members) => ({ ...members, toJSON: () => undefined }), /value that JSON has/],
  ])('%s', (_name, make, message) => {
    using lent = fds.memfd('lent');
    const given = fds.memfd('given');
    expect(() => pack(make({ list: [lent, [give(given)]] }))).toThrow(message);
    expect(lent.closed).toBe(false);
    expect(given.closed).toBe(true);
  });
});

describe('what has a descriptor of its own', () => {
  it('is refused without give()', async () => {
    const file = await open('/dev/null');
    const [left, right] = socketpair();
    for (const each of [file, left, new Socket(), createServer(), new PassThrough()])
      expect(() => pack({ inside: [each] })).toThrow(/give\(\) sends its descriptor/);
    await file.close();
    await destroyed(left, right);
  });

  it('is not what only has a member of that name', () => {
    expect(pack({ fd: 3, pipe: 'x' }).text).toBe('{"fd":3,"pipe":"x"}');
  });
});
