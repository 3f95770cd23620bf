import { OwnedFd, socketpair } from '../../packages/ancillary';
import { contentLength, type ContentLengthOptions } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { Files, identitiesOf } from '../support/files';
import { closed } from '../support/peer';
import { wholeOf } from './wire';

function wire(options: ContentLengthOptions, text: string, fds: readonly number[] = []): string {
  return wholeOf(contentLength(options).encode({ bytes: Buffer.from(text), fds })).toString();
}

function measure(text: string, options: ContentLengthOptions = {}): unknown {
  return contentLength(options).measure(Buffer.from(text), 0);
}

const refused = (code: string): Error => expect.objectContaining({ code }) as Error;

it('puts the length, and the number of descriptors where a field is named for it, before the content', () => {
  expect(wire({}, '{}')).toBe('Content-Length: 2\r\n\r\n{}');
  expect(wire({}, '{}', [0])).toBe('Content-Length: 2\r\n\r\n{}');
  expect(wire({ countField: 'Fd-Count' }, '{}', [0, 1])).toBe('Content-Length: 2\r\nFd-Count: 2\r\n\r\n{}');
  expect(wire({ countField: 'Fd-Count' }, 'ü')).toBe('Content-Length: 2\r\n\r\nü');
});

it.each([
  ['Content-Length: 2\r\n\r\n{}', 23],
  ['content-length:2\r\n\r\n', 22],
  ['Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 10\r\n\r\n', 89],
  ['Content-Length: 0\r\n\r\nContent-Length: 7\r\n\r\n', 21],
])('measures %j', (text, length) => {
  expect(measure(text)).toEqual({ length, fds: 'attached' });
});

it('the number of descriptors is what its field says, or none', () => {
  const options = { countField: 'Fd-Count' };
  expect(measure('Content-Length: 1\r\nFD-COUNT: 3\r\n\r\n', options)).toEqual({ length: 35, fds: 3 });
  expect(measure('Content-Length: 1\r\n\r\n', options)).toEqual({ length: 22, fds: 0 });
});

it.each([
  ['', { need: 1, scanned: 0 }],
  ['Content-Length: 2\r\n\r', { need: 21, scanned: 17 }],
])('wants more than %j', (text, expected) => {
  expect(measure(text)).toEqual(expected);
});

it.each([
  ['Content-Type: x\r\n\r\n', /has no field 'Content-Length'/],
  ['\r\n\r\n', /has a line that is no field, ''/],
  ['GET / HTTP/1.1\r\n\r\n', /has a line that is no field, 'GET/],
  [': 3\r\n\r\n', /is no field/],
  ['Content Length: 3\r\n\r\n', /is no field/],
  ['Content-Length: 3\r\nContent-Length: 4\r\n\r\n', /has two fields 'content-length'/],
  ['Content-Length: -3\r\n\r\n', /has '-3' for the number/],
  ['Content-Length: 3.0\r\n\r\n', /has '3.0' for the number/],
  ['Content-Length: 0x3\r\n\r\n', /has '0x3' for the number/],
  ['Content-Length: \r\n\r\n', /has '' for the number/],
  ['Content-Length: 3, 3\r\n\r\n', /has '3, 3' for the number/],
  ['Content-Length: 9999999999999999\r\n\r\n', /for the number/],
])('refuses the header %j', (text, message) => {
  expect(() => measure(text)).toThrow(refused('ERR_FRAME_INVALID'));
  expect(() => measure(text)).toThrow(message);
});

it('a length or a header that is too large is refused before anything is allocated', () => {
  expect(() => measure('Content-Length: 16777217\r\n\r\n')).toThrow(refused('ERR_FRAME_TOO_LARGE'));
  expect(() => measure('Content-Length: 999999999999999\r\n\r\n')).toThrow(refused('ERR_FRAME_TOO_LARGE'));
  expect(measure('Content-Length: 3\r\n\r\n', { maxLength: 3 })).toEqual({ length: 24, fds: 'attached' });
  expect(() => measure('Content-Length: 4\r\n\r\n', { maxLength: 3 })).toThrow(refused('ERR_FRAME_TOO_LARGE'));
  expect(() => measure('a'.repeat(4100))).toThrow(refused('ERR_FRAME_TOO_LARGE'));
  expect(() => measure(`X: ${'a'.repeat(4100)}\r\n\r\n`)).toThrow(refused('ERR_FRAME_TOO_LARGE'));
  expect(() => wire({ maxLength: 3 }, 'abcd')).toThrow(refused('ERR_FRAME_TOO_LARGE'));
});

it.each([{ countField: '' }, { countField: 'Fd Count' }, { countField: 'Content-Length' }, { countField: 3 }])(
  '%j is no choice',
  (options) => {
    expect(() => contentLength(options as ContentLengthOptions)).toThrow(TypeError);
  },
);

it.each([{}, { countField: 'Fd-Count' }])('with %j content comes back, with its descriptors', async (options) => {
  const [left, right] = socketpair();
  using files = new Files(3);
  const sender = framed(left, contentLength(options));
  const texts = ['', '{}', 'x'.repeat(5000), 'y'.repeat(300_000), 'last'];
  const sending = texts.map((text, index) =>
    sender.send({ bytes: Buffer.from(text), fds: files.owned.slice(0, index % 3) }),
  );
  const ended = Promise.all(sending).then(() => left.end());
  const came: [string, string[]][] = [];
  for await (const message of framed(right, contentLength(options))) {
    came.push([message.bytes.toString(), identitiesOf(message.fds)]);
    OwnedFd.closeAll(message.fds);
  }
  await ended;
  expect(came).toEqual(texts.map((text, index) => [text, files.identities.slice(0, index % 3)]));
  await closed(left, right);
});
