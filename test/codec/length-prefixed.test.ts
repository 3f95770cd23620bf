import fc from 'fast-check';
import { socketpair, type FdFrame } from '../../packages/ancillary';
import { lengthPrefixed, type LengthPrefixedOptions } from '../../packages/codec';
import type { MeasureAt } from '../../packages/stream';
import { propertyRuns } from '../support/properties';

const encoded = (options: LengthPrefixedOptions, text: string, fds: readonly number[] = []) =>
  Buffer.from(lengthPrefixed(options).encode({ bytes: Buffer.from(text), fds }).bytes).toString('hex');

const tooLarge = expect.objectContaining({ code: 'ERR_FRAME_TOO_LARGE' }) as Error;

it.each<[LengthPrefixedOptions, string]>([
  [{}, '00000003' + '0002' + '616263'],
  [{ littleEndian: true }, '03000000' + '0200' + '616263'],
  [{ lengthBytes: 1, countBytes: 1 }, '03' + '02' + '616263'],
  [{ lengthBytes: 2, countBytes: 4 }, '0003' + '00000002' + '616263'],
  [{ lengthBytes: 2, countBytes: 4, littleEndian: true }, '0300' + '02000000' + '616263'],
  [{ lengthBytes: 4, countBytes: 0 }, '00000003' + '616263'],
])('%j puts length, count and payload on the wire as %s', (options, hex) => {
  expect(encoded(options, 'abc', [7, 8])).toBe(hex);
});

it('with a count reads are greedy and the count is the frame’s; without one they are bounded and attached', () => {
  const counted = lengthPrefixed();
  expect(counted.reads).toBe('greedy');
  expect(counted.measure(Buffer.from('000000030002', 'hex'), 0)).toEqual({ length: 9, fds: 2 });
  const attached = lengthPrefixed({ countBytes: 0 });
  expect(attached.reads).toBe('bounded');
  expect(attached.measure(Buffer.from('00000003', 'hex'), 0)).toEqual({ length: 7, fds: 'attached' });
});

it('measures in the midst of bytes what it measures in a view of them', () => {
  const options = fc.record<LengthPrefixedOptions>({
    lengthBytes: fc.constantFrom(1, 2, 4),
    countBytes: fc.constantFrom(0, 1, 2, 4),
    littleEndian: fc.boolean(),
    maxLength: fc.constantFrom(200, undefined),
  });
  const outcome = (measure: () => unknown) => {
    try {
      return measure();
    } catch (error) {
      return error;
    }
  };
  fc.assert(
    fc.property(options, fc.uint8Array({ maxLength: 20 }), fc.nat(20), (chosen, bytes, offset) => {
      const codec = lengthPrefixed(chosen);
      const start = Math.min(offset, bytes.length);
      const measure = (codec as unknown as { readonly measure: { readonly at: MeasureAt } }).measure;
      expect(outcome(() => measure.at(bytes, start, 0))).toEqual(
        outcome(() => codec.measure(bytes.subarray(start), 0)),
      );
    }),
    propertyRuns,
  );
});

it.each([0, 1, 5])('wants its whole header when it sees %d bytes of it', (length) => {
  expect(lengthPrefixed().measure(Buffer.alloc(length), 0)).toEqual({ need: 6 });
});

it.each<[LengthPrefixedOptions, number]>([
  [{ lengthBytes: 1, countBytes: 1 }, 0xff],
  [{ lengthBytes: 2, countBytes: 2 }, 0xffff],
  [{ lengthBytes: 4, countBytes: 4, maxLength: Number.MAX_SAFE_INTEGER }, 0xffffffff],
])('reads the largest numbers of %j', (options, largest) => {
  const header = Buffer.alloc((options.lengthBytes ?? 0) + (options.countBytes ?? 0), 0xff);
  expect(lengthPrefixed(options).measure(header, 0)).toEqual({ length: header.length + largest, fds: largest });
});

it('a payload of maxLength passes both ways; one byte more is ERR_FRAME_TOO_LARGE', () => {
  const codec = lengthPrefixed({ maxLength: 3, countBytes: 0 });
  expect(codec.measure(Buffer.from('00000003', 'hex'), 0)).toEqual({ length: 7, fds: 'attached' });
  expect(() => codec.measure(Buffer.from('00000004', 'hex'), 0)).toThrow(tooLarge);
  expect(codec.encode({ bytes: Buffer.from('abc') }).bytes).toHaveLength(7);
  expect(() => codec.encode({ bytes: Buffer.from('abcd') })).toThrow(tooLarge);
});

it('a length that is text is not asked to be allowed: the peer may speak another protocol', () => {
  const another =
    /^a payload of 1195725856 bytes .*; nothing was allocated for it\. The length is the text 'GET ': the peer/;
  expect(() => lengthPrefixed().measure(Buffer.from('GET / HTTP/1.1'), 0)).toThrow(another);
  expect(() => lengthPrefixed().measure(Buffer.from('474554ff0000', 'hex'), 0)).toThrow(/allocated for it$/);
});

it('a payload longer than its length field can say is ERR_FRAME_TOO_LARGE, where maxLength is not given', () => {
  const codec = lengthPrefixed({ lengthBytes: 1 });
  expect(() => codec.encode({ bytes: Buffer.alloc(256) })).toThrow(tooLarge);
  expect(codec.encode({ bytes: Buffer.alloc(255) }).bytes).toHaveLength(258);
});

it.each([
  [{ lengthBytes: 1, maxLength: 1000 }, 255],
  [{ lengthBytes: 2, maxLength: 65_536 }, 65_535],
] as const)('%j allows what its length field cannot say, and is refused', (options, most) => {
  expect(() => lengthPrefixed(options)).toThrow(RangeError);
  expect(() => lengthPrefixed(options)).toThrow(`maxLength is at most ${most} with lengthBytes ${options.lengthBytes}`);
  expect(lengthPrefixed({ ...options, maxLength: most }).encode({ bytes: Buffer.alloc(most) }).fds).toEqual([]);
});

it('a maxLength of 0 allows empty payloads only', () => {
  const codec = lengthPrefixed({ maxLength: 0 });
  expect(codec.encode({ bytes: Buffer.alloc(0) }).bytes).toHaveLength(6);
  expect(() => codec.encode({ bytes: Buffer.alloc(1) })).toThrow(tooLarge);
});

it('a length that is too large is refused before anything is allocated for it', () => {
  const tooMany = Buffer.alloc(16 * 1024 * 1024 + 1);
  const allocations = (['alloc', 'allocUnsafe', 'allocUnsafeSlow', 'concat'] as const).map((name) =>
    jest.spyOn(Buffer, name),
  );
  try {
    const codec = lengthPrefixed();
    expect(() => codec.measure(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0), 0)).toThrow(tooLarge);
    expect(() => codec.encode({ bytes: tooMany })).toThrow(tooLarge);
    for (const allocation of allocations) expect(allocation).not.toHaveBeenCalled();
  } finally {
    for (const allocation of allocations) allocation.mockRestore();
  }
});

it.each([
  [{ bytes: 'text' }, /^encode\(\) takes { bytes, fds }, bytes a Uint8Array, not 'text'$/],
  [{ bytes: { length: 1 } }, /^encode\(\) takes { bytes, fds }, bytes a Uint8Array, not an instance of Object$/],
  ['text', /^encode\(\) takes { bytes, fds }, not 'text'$/],
  [Buffer.from('the payload alone'), /^encode\(\) takes { bytes, fds }, not an instance of Buffer$/],
  [{ bytes: Buffer.from('x'), fds: 3 }, /^encode\(\) takes { bytes, fds }, fds an array of descriptors, not 3$/],
  [
    { bytes: Buffer.from('x'), fds: new Set([3]) },
    /^encode\(\) takes { bytes, fds }, fds an array of descriptors, not an instance of Set$/,
  ],
])('refuses to send %p', (payload, message) => {
  const encode = (): unknown => lengthPrefixed().encode(payload as never);
  expect(encode).toThrow(TypeError);
  expect(encode).toThrow(message);
});

it('refuses to send more descriptors than the count can say', () => {
  const fds = Array.from({ length: 256 }, () => 0);
  expect(() => lengthPrefixed({ countBytes: 1 }).encode({ bytes: Buffer.alloc(9), fds })).toThrow(RangeError);
  expect(lengthPrefixed({ countBytes: 1 }).encode({ bytes: Buffer.alloc(9), fds: fds.slice(1) }).fds).toHaveLength(255);
});

it.each([
  { lengthBytes: 3 },
  { lengthBytes: 0 },
  { lengthBytes: 8 },
  { lengthBytes: '4' },
  { countBytes: 3 },
  { countBytes: -1 },
])('%j is no choice', (options) => {
  expect(() => lengthPrefixed(options as LengthPrefixedOptions)).toThrow(TypeError);
});

it.each([-1, 1.5, NaN, Infinity, '9'])('a maxLength of %p is no number of bytes', (maxLength) => {
  expect(() => lengthPrefixed({ maxLength } as LengthPrefixedOptions)).toThrow(
    typeof maxLength === 'number' ? RangeError : TypeError,
  );
});

it('decoding takes the descriptors out of the frame, so that closing the frame spares them', async () => {
  const [left, right] = socketpair();
  const codec = lengthPrefixed();
  const { bytes, fds } = codec.encode({ bytes: Buffer.from('abc'), fds: [left.fd, right.fd] });
  await left.send(bytes, fds);
  const { value } = (await right.frames(codec).next()) as { value: FdFrame };
  const message = codec.decode(value);
  value.close();
  expect(value.fds).toEqual([]);
  expect(message.bytes.toString()).toBe('abc');
  expect(message.fds.map(({ closed }) => closed)).toEqual([false, false]);
  for (const fd of message.fds) fd.close();
  left.destroy();
  right.destroy();
});

it('measures exactly what it encoded, for every choice of options and payload', () => {
  const options = fc.record({
    lengthBytes: fc.constantFrom<1 | 2 | 4>(1, 2, 4),
    countBytes: fc.constantFrom<0 | 1 | 2 | 4>(0, 1, 2, 4),
    littleEndian: fc.boolean(),
  });
  const payload = fc.uint8Array({ maxLength: 255 });
  fc.assert(
    fc.property(options, payload, fc.nat(255), payload, (chosen, bytes, count, behind) => {
      const codec = lengthPrefixed(chosen);
      const frame = Buffer.from(codec.encode({ bytes, fds: Array.from({ length: count }, () => 0) }).bytes);
      const header = chosen.lengthBytes + chosen.countBytes;
      expect(frame.length).toBe(header + bytes.length);
      expect(frame.subarray(header).equals(bytes)).toBe(true);
      const expected = { length: frame.length, fds: chosen.countBytes === 0 ? 'attached' : count };
      expect(codec.measure(frame.subarray(0, header), 0)).toEqual(expected);
      expect(codec.measure(Buffer.concat([frame, behind]), 0)).toEqual(expected);
    }),
    propertyRuns,
  );
});
