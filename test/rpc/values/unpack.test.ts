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
