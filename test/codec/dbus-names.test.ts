import fc from 'fast-check';
import { socketpair } from '../../packages/ancillary';
import { dbusHeader, dbusMessages, type DBusOutgoing } from '../../packages/codec';
import { destroyed } from '../socket/sockets';
import { Files } from '../support/files';
import { propertyRuns } from '../support/properties';
import { CALL, marshalled, type TestField } from './dbus-message';

// D-Bus Specification, "Valid Names", "Valid Object Paths", "Valid Signatures": of what is received, and of what is sent.

const codec = dbusMessages();
const measure = (bytes: Uint8Array) => codec.measure(bytes, 0);
const coded = (code: string) => expect.objectContaining({ code }) as Error;
const invalid = coded('ERR_FRAME_INVALID');

/** Names as the specification has them, said in another way than the codec does: its code, and what is right. */
const NAMES: Record<string, readonly [code: number, type: string, right: RegExp]> = {
  path: [1, 'o', /^(?:\/|(?:\/[A-Za-z0-9_]+)+)$/],
  interface: [2, 's', /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+$/],
  member: [3, 's', /^[A-Za-z_][A-Za-z0-9_]*$/],
  errorName: [4, 's', /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+$/],
  destination: [
    6,
    's',
    /^(?::[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+|[A-Za-z_-][A-Za-z0-9_-]*(?:\.[A-Za-z_-][A-Za-z0-9_-]*)+)$/,
  ],
  sender: [
    7,
    's',
    /^(?::[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+|[A-Za-z_-][A-Za-z0-9_-]*(?:\.[A-Za-z_-][A-Za-z0-9_-]*)+)$/,
  ],
};
const naming = (field: string, text: string) => {
  const [code, type] = NAMES[field] as [number, string, RegExp];
  return marshalled({ serial: 77, fields: [...CALL.filter(([each]) => each !== code), [code, type, text]] });
};

it.each<[field: string, texts: string[]]>([
  ['path', ['', 'a', '//', '/a/', '/a//b', '/a-b', '/a.b', '/\xe9', '/a\0', '/a b']],
  ['interface', ['', 'a', '.a.b', 'a.b.', 'a..b', 'a.1b', 'a-b.c', 'a. b', `a.${'b'.repeat(254)}`]],
  ['member', ['', '1a', 'a.b', 'a-b', 'Mem\0ber', 'Mem ber', 'Memb\xe9r', 'Mem\nber', 'a'.repeat(256)]],
  ['errorName', ['', 'a', 'a.1b', '.', 'a.b!']],
  ['destination', ['', 'a', ':', ':1', ':1.', '::1.5', 'a.1', '1.a', 'a.b:', 'a..b']],
  ['sender', ['', ':1', 'a', ':1..5']],
])('%s must be as the specification says: refused are %j', (field, texts) => {
  for (const text of texts) {
    const message = naming(field, text);
    for (const read of [() => measure(message), () => dbusHeader(message)]) {
      expect(read).toThrow(invalid);
      expect(read).toThrow(`the D-Bus message with the serial 77 is not valid: its ${field} is `);
    }
    const outgoing = { type: 'error', replySerial: 1, errorName: 'a.b', serial: 1, [field]: text } as DBusOutgoing;
    expect(() => codec.encode(outgoing)).toThrow(coded('ERR_INVALID_ARG_VALUE'));
    expect(() => codec.encode(outgoing)).toThrow(new RegExp(`^${field} is .*, not '`));
  }
});

it.each(Object.keys(NAMES))('%s is taken if it is right, and only then, whatever it is', (field) => {
  const [, , right] = NAMES[field] as [number, string, RegExp];
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom('/', '.', ':', '-', '_', 'a', 'Z', '0', '9'), maxLength: 8 }),
    fc.stringMatching(right, { size: 'medium' }),
    fc.string({ unit: 'binary-ascii', maxLength: 4 }),
  );
  fc.assert(
    fc.property(text, (given) => {
      const message = naming(field, given);
      const fits = field === 'path' || given.length <= 255;
      if (right.test(given) && fits) expect(dbusHeader(message)).toMatchObject({ [field]: given });
      else expect(() => measure(message)).toThrow(`its ${field} is `);
    }),
    propertyRuns,
  );
});

it.each([
  '',
  'y',
  'ay',
  'a{sv}',
  'a{ya{yv}}',
  '(ii)',
  '((i)a(s))',
  'a'.repeat(32) + 'y',
  '('.repeat(32) + 'y' + ')'.repeat(32),
])('the signature %j is one', (signature) => {
  expect(dbusHeader(marshalled({ fields: [...CALL, [8, 'g', signature]] }))).toMatchObject({ signature });
  expect(() =>
    codec.encode({
      type: 'signal',
      serial: 1,
      path: '/',
      interface: 'a.b',
      member: 'c',
      signature,
      body: Buffer.alloc(signature.length),
    }),
  ).not.toThrow();
});

it.each([
  'z',
  'a',
  '(',
  '()',
  '(i',
  'i)',
  '{sv}',
  'a{s}',
  'a{sv',
  'a{vs}',
  'a{(s)v}',
  'a{svs}',
  'a{',
  'a'.repeat(33) + 'y',
  '('.repeat(33) + 'y' + ')'.repeat(33),
  's s',
  'r',
  'e',
  'm',
])('the signature %j is none', (signature) => {
  const message = marshalled({ fields: [...CALL, [8, 'g', signature]] });
  expect(() => measure(message)).toThrow('its signature is a signature, such as a{sv}, not');
  expect(() => dbusHeader(message)).toThrow(invalid);
  const body = Buffer.alloc(1);
  const outgoing: DBusOutgoing = { type: 'method_return', serial: 1, replySerial: 1, signature, body };
  expect(() => codec.encode(outgoing)).toThrow('signature is a signature, such as a{sv}, not');
  expect(() => codec.encode(outgoing)).toThrow(coded('ERR_INVALID_ARG_VALUE'));
});

it('an answer to the serial 0 is none', () => {
  const message = marshalled({ type: 2, fields: [[5, 'u', 0]] });
  expect(() => measure(message)).toThrow('its replySerial is a number from 1 up, not 0');
  expect(() => codec.encode({ type: 'method_return', serial: 1, replySerial: 0 })).toThrow(RangeError);
});

it('descriptors of a message that is not valid are closed, and nobody is given them', async () => {
  const [left, right] = socketpair();
  using files = new Files(1);
  const fields: TestField[] = [
    [1, 'o', '/a'],
    [2, 's', 'none'],
    [3, 's', 'Member'],
    [9, 'u', 1],
  ];
  await left.send(marshalled({ serial: 5, fields }), files.owned);
  await expect(right.frames(codec).next()).rejects.toThrow(/serial 5 is not valid: its interface is .*, not 'none'$/);
  const { framesReceived, fdsReceived, fdsClosed } = right.stats;
  expect([framesReceived, fdsReceived - fdsClosed]).toEqual([0, 0]);
  await destroyed(left, right);
});
