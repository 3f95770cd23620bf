import { fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { delimited, type DelimitedOptions } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { Files, identitiesOf } from '../support/files';
import { closed } from '../support/peer';
import { measureAt, wholeOf } from './wire';

const tooLarge = expect.objectContaining({ code: 'ERR_FRAME_TOO_LARGE' }) as Error;

/** Everything an encoder made, in one piece. */
function wire(options: DelimitedOptions, text: string): string {
  return wholeOf(delimited(options).encode({ bytes: Buffer.from(text) })).toString();
}

it.each<[DelimitedOptions, string]>([
  [{}, 'abc\n'],
  [{ delimiter: '\0' }, 'abc\0'],
  [{ delimiter: '\r\n\r\n' }, 'abc\r\n\r\n'],
  [{ delimiter: Uint8Array.of(0xff) }, `abc\ufffd`],
])('%j puts a message and its delimiter on the wire', (options, expected) => {
  expect(wire(options, 'abc')).toBe(expected);
});

it('a delimiter that is changed afterwards is what it was', () => {
  const delimiter = Buffer.from(';');
  const codec = delimited({ delimiter });
  delimiter[0] = 0x2c;
  expect(codec.measure(Buffer.from('a;'), 0)).toEqual({ length: 2, fds: 'attached' });
});

it('reads are greedy: a bounded one would read a byte at a time', () => {
  expect(delimited().reads).toBe('greedy');
});

it.each([
  ['\n', 'ab', 0, { need: 3, scanned: 2 }],
  ['\n', '', 0, { need: 1, scanned: 0 }],
  ['\r\n\r\n', 'ab\r\n\r', 0, { need: 6, scanned: 2 }],
  ['\r\n\r\n', 'ab\r\n\r\n', 2, { length: 6, fds: 'attached' }],
  ['\r\n\r\n', 'a', 0, { need: 2, scanned: 0 }],
  ['\n', '\n', 0, { length: 1, fds: 'attached' }],
])('with the delimiter %j, of %j from %d on it measures %j', (delimiter, text, scanned, expected) => {
  const codec = delimited({ delimiter });
  expect(codec.measure(Buffer.from(text), scanned)).toEqual(expected);
  // What is not of Node's own classes, and in the midst of other bytes.
  expect(codec.measure(Uint8Array.from(Buffer.from(text)), scanned)).toEqual(expected);
  expect(measureAt(codec, Buffer.from(`${delimiter}x${text}`), delimiter.length + 1, scanned)).toEqual(expected);
});

it('a search never looks twice at what it saw', () => {
  const codec = delimited({ delimiter: '\r\n\r\n' });
  const indexOf = jest.spyOn(Buffer.prototype, 'indexOf');
  try {
    let scanned = 0;
    for (let length = 0; length < 1000; length += 10) {
      const measured = codec.measure(Buffer.alloc(length, 'a'), scanned);
      expect(measured).toEqual({ need: length + 1, scanned: Math.max(0, length - 3) });
      scanned = Math.max(0, length - 3);
    }
    expect(indexOf.mock.calls.map(([, from]) => from).slice(1, 4)).toEqual([0, 7, 17]);
  } finally {
    indexOf.mockRestore();
  }
});

it('a message of maxLength passes both ways, and one byte more is ERR_FRAME_TOO_LARGE, ended or not', () => {
  const codec = delimited({ delimiter: '\r\n', maxLength: 3 });
  expect(codec.measure(Buffer.from('abc\r\n'), 0)).toEqual({ length: 5, fds: 'attached' });
  expect(codec.measure(Buffer.from('abc\r'), 0)).toEqual({ need: 5, scanned: 3 });
  expect(() => codec.measure(Buffer.from('abcd\r\n'), 0)).toThrow(tooLarge);
  expect(() => codec.measure(Buffer.from('abcd\r'), 0)).toThrow(tooLarge);
  expect(wire({ maxLength: 3 }, 'abc')).toBe('abc\n');
  expect(() => codec.encode({ bytes: Buffer.from('abcd') })).toThrow(tooLarge);
});

it.each([
  ['\n', 'a\nb'],
  ['\r\n\r\n', 'a\r\n\r\nb'],
  ['\r\n\r\n', 'a\r\n'],
  ['aa', 'a'],
])('with the delimiter %j it refuses %j, which a peer would end elsewhere', (delimiter, text) => {
  expect(() => wire({ delimiter }, text)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }) as Error);
});

it('a message that ends with a part of the delimiter that leads to nothing is sent', () => {
  expect(wire({ delimiter: '\r\n' }, 'a\r')).toBe('a\r\r\n');
});

it.each([
  [{ delimiter: '' }, 'ERR_INVALID_ARG_VALUE'],
  [{ delimiter: 10 }, 'ERR_INVALID_ARG_TYPE'],
  [{ maxLength: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ maxLength: '3' }, 'ERR_INVALID_ARG_TYPE'],
  [{ fds: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ fds: 'many' }, 'ERR_INVALID_ARG_TYPE'],
  [{ separator: '\n' }, 'ERR_INVALID_ARG_VALUE'],
])('%p is no choice', (options, code) => {
  expect(() => delimited(options as DelimitedOptions)).toThrow(expect.objectContaining({ code }) as Error);
});

it('a function says how many descriptors a message has, of its bytes without the delimiter', () => {
  const seen: string[] = [];
  const codec = delimited({
    delimiter: ';',
    fds: (message) => {
      seen.push(Buffer.from(message).toString());
      return message.length;
    },
  });
  expect(codec.measure(Buffer.from('abc;d;'), 0)).toEqual({ length: 4, fds: 3 });
  expect(seen).toEqual(['abc']);
  expect(() => codec.encode({ bytes: Buffer.from('abc'), fds: [0] })).toThrow(RangeError);
  expect(codec.encode({ bytes: Buffer.from('a'), fds: [0] }).fds).toEqual([0]);
});

it('with a number each message has so many, and with 0 none', () => {
  expect(delimited({ fds: 1 }).measure(Buffer.from('\n'), 0)).toEqual({ length: 1, fds: 1 });
  expect(() => delimited({ fds: 0 }).encode({ bytes: Buffer.alloc(1), fds: [0] })).toThrow(RangeError);
});

it('messages come back whole and without their delimiter, each with its own descriptors', async () => {
  const [left, right] = socketpair();
  using files = new Files(3);
  const sender = framed(left, delimited({ delimiter: '\0' }));
  const texts = ['', 'a', 'x'.repeat(5000), 'y'.repeat(200_000), 'last'];
  const sending = texts.map((text, index) =>
    sender.send({ bytes: Buffer.from(text), fds: files.owned.slice(0, index % 3) }),
  );
  const ended = Promise.all(sending).then(() => left.end());
  const came: [string, string[]][] = [];
  for await (const message of framed(right, delimited({ delimiter: '\0' }))) {
    came.push([message.bytes.toString(), identitiesOf(message.fds)]);
    OwnedFd.closeAll(message.fds);
  }
  await ended;
  expect(came).toEqual(texts.map((text, index) => [text, files.identities.slice(0, index % 3)]));
  await closed(left, right);
});

it('a peer that sends no delimiter is cut off at maxLength, and its descriptors are closed', async () => {
  const [left, right] = socketpair();
  const reading = right.frames(delimited({ maxLength: 1000 })).next();
  using memory = fds.memfd('given');
  left.on('error', () => undefined);
  const sending = left.send(Buffer.alloc(100_000, 'a'), [memory]).catch(() => undefined);
  await expect(reading).rejects.toMatchObject({ code: 'ERR_FRAME_TOO_LARGE' });
  await closed(left, right);
  await sending;
});

it('lines of text that came with a count are refused where descriptors lack', async () => {
  const [left, right] = socketpair();
  await left.send('one\n');
  const next = right.frames(delimited({ fds: 1 })).next();
  await expect(next).rejects.toMatchObject({ code: 'ERR_FD_MISSING' });
  await closed(left, right);
});

it('messages that came in one sendmsg with descriptors are marked, and the last one has them', async () => {
  const [left, right] = socketpair();
  using files = new Files(1);
  await left.send('one\ntwo\n', files.owned);
  await left.send('three\n', files.owned);
  left.end();
  const came = [];
  for await (const { bytes, fds: received, ambiguous } of framed(right, delimited())) {
    came.push([bytes.toString(), received.length, ambiguous]);
    OwnedFd.closeAll(received);
  }
  expect(came).toEqual([
    ['one', 0, true],
    ['two', 1, true],
    ['three', 1, undefined],
  ]);
  await closed(left, right);
});

it('the function fds gets the message as a Buffer without its delimiter, from both directions', async () => {
  const got: unknown[] = [];
  const codec = delimited({
    delimiter: '\r\n',
    fds: (message) => (got.push([message.toString(), Buffer.isBuffer(message)]), 0),
  });
  const [left, right] = socketpair();
  await framed(left, codec).send({ bytes: new Uint8Array([0x61, 0x62]) });
  expect((await right.frames(codec).next()).done).toBe(false);
  expect(codec.measure(new Uint8Array([0x63, 0x0d, 0x0a]), 0)).toEqual({ length: 3, fds: 0 });
  expect(got).toEqual([
    ['ab', true],
    ['ab', true],
    ['c', true],
  ]);
  left.destroy();
  right.destroy();
});
