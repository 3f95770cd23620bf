import { fds, OwnedFd } from '../../../packages/ancillary';
import { isDeeper } from '../../../packages/binding/json-depth';
import { unpack } from '../../../packages/rpc/values/unpack';

const FRAME = { range: { start: 100, end: 180 } };
const WHERE = 'the frame at bytes 100 to 180';

let files: OwnedFd[];

beforeEach(() => {
  files = [fds.memfd('first'), fds.memfd('second')];
});

afterEach(() => {
  OwnedFd.closeAll(files);
});

test.each([
  ['out of range', '[{"$fd":0},{"$fd":2}]'],
  ['out of range, with none there', '{"$fd":0}', 0],
  ['below zero', '{"$fd":-1}'],
  ['not whole', '{"$fd":0.5}'],
  ['too large', '{"$fd":1e300}'],
  ['not a number', '{"$fd":"0"}'],
  ['the name of something else', '{"$fd":"length"}'],
  ['nothing', '{"$fd":null}'],
  ['an object', '{"$fd":{"$fd":0}}'],
  ['with another member', '{"$fd":0,"a":1}'],
  ['written with escapes', '{"\\u0024fd":5}'],
  ['written with escapes, with none there', '{"$\\u0066d":0}', 0],
])('a placeholder that is %s is ERR_FRAME_INVALID, and names the frame', (_name, text, count = 2) => {
  expect(() => unpack(text, files.slice(0, count), FRAME)).toThrow(
    expect.objectContaining({ code: 'ERR_FRAME_INVALID', message: expect.stringContaining(WHERE) as string }) as Error,
  );
});

test('a placeholder that is used twice is ERR_FRAME_INVALID, and names the frame', () => {
  expect(() => unpack('[{"$fd":0},{"$fd":1},{"a":{"$fd":0}}]', files, FRAME)).toThrow(
    `${WHERE} is no message: its descriptor 0 is used twice; closed 2 descriptors of it`,
  );
});

test.each(['[]', '[{"$fd":1}]', '{"$$fd":0}', '5'])(
  'more descriptors than placeholders are ERR_FD_SURPLUS: %s',
  (text) => {
    expect(() => unpack(text, files, FRAME)).toThrow(
      expect.objectContaining({ code: 'ERR_FD_SURPLUS', message: expect.stringContaining(WHERE) as string }) as Error,
    );
  },
);

test.each(['', '{', '[1,]', 'undefined', '{"a":1}x', '\0'])('what is not JSON is ERR_FRAME_INVALID: %j', (text) => {
  expect(() => unpack(text, [], FRAME)).toThrow(expect.objectContaining({ code: 'ERR_FRAME_INVALID' }) as Error);
});

test('only objects in which a name changes are made anew', () => {
  const text = JSON.stringify({ list: Array.from({ length: 1000 }, (_, at) => ({ at, deep: { a: { b: [at] } } })) });
  const made = jest.spyOn(Object, 'fromEntries');
  try {
    const inner = text
      .replace('"b":[5]', () => '"b":[5],"$$$fd":{"$fd":1},"c":1')
      .replace('"b":[7]', () => '"b":{"\\u0024fd":0}');
    const value = unpack(inner, files, FRAME) as { list: { deep: { a: object } }[] };
    expect(made).toHaveBeenCalledTimes(1);
    expect(value.list[5]).toEqual({ at: 5, deep: { a: { b: [5], $$fd: files[1], c: 1 } } });
    expect(Object.keys(value.list[5]?.deep.a ?? {})).toEqual(['b', '$$fd', 'c']);
    expect(value.list[7]).toEqual({ at: 7, deep: { a: { b: files[0] } } });
  } finally {
    made.mockRestore();
  }
});

test.each([
  ['{"a":1,"__proto__":{"$fd":0},"b":{"$fd":1}}', ['a', '__proto__', 'b']],
  ['{"__proto__":{"x":{"$fd":0}},"$$fd":{"$fd":1}}', ['__proto__', '$fd']],
])('__proto__ is a member like any other: %s', (text, names) => {
  const value = unpack(text, files, FRAME) as object;
  expect(Object.keys(value)).toEqual(names);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  const own: unknown = Object.getOwnPropertyDescriptor(value, '__proto__')?.value;
  expect(own === files[0] || (own as { x: OwnedFd }).x === files[0]).toBe(true);
});

test('what every object of the program has is none of the message’s', () => {
  const shared = { a: { $fd: 5 } };
  Object.defineProperty(Object.prototype, 'shared', { value: shared, enumerable: true, configurable: true });
  try {
    expect(Object.keys(unpack('{"b":{"$fd":0},"c":{"$fd":1}}', files, FRAME) as object)).toEqual(['b', 'c']);
  } finally {
    Reflect.deleteProperty(Object.prototype, 'shared');
  }
});

test('it closes nothing, since the caller does', () => {
  expect(() => unpack('[]', files, FRAME)).toThrow();
  expect(files.map(({ closed }) => closed)).toEqual([false, false]);
});

const nested = (depth: number, inner = ''): string => `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`;

test('nesting is limited before the text is parsed', () => {
  expect(unpack(nested(256), [], FRAME)).toEqual(JSON.parse(nested(256)));
  expect(() => unpack(nested(257), [], FRAME)).toThrow(/nested deeper than 256/);
  // A megabyte of it, which would be as many objects.
  expect(() => unpack('['.repeat(1_000_000), [], FRAME)).toThrow(/nested deeper than 256/);
  expect(() => unpack('{"a":'.repeat(1_000_000), [], FRAME)).toThrow(/nested deeper than 256/);
});

test.each([
  [nested(3), 3],
  ['[[],[],[[]]]', 3],
  ['{"a":[{"b":{}}]}', 4],
  ['"[[[[[["', 0],
  ['["[[[\\"[[[","\\\\",[]]', 2],
  ['{"[[[[\\\\\\"":{"{{{{":1}}', 2],
  ['"[[[', 0],
  ['5', 0],
])('the depth of %s is %d', (text, depth) => {
  // Long, since a text shorter than the limit is not looked at.
  const padded = text + ' '.repeat(50);
  expect(isDeeper(padded, depth)).toBe(false);
  if (depth > 0) expect(isDeeper(padded, depth - 1)).toBe(true);
});
