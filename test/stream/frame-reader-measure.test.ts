import { fds, type Measured } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import type { FrameMeasure } from '../../packages/stream/receive/frame-measure';
import { exactly, segmentFrames } from '../../packages/stream/receive/fixed-frames';
import { ReceiveQueue } from '../../packages/stream/receive/receive-queue';
import { OwnedFd } from '../../packages/binding';
import { attached, digits, Reading } from './reading';

/** A codec that answers as told, and remembers what it was asked. */
function answering(...answers: readonly Measured[]) {
  const asked: [string, number][] = [];
  return {
    asked,
    measure(buffered: Uint8Array, scanned: number): Measured {
      asked.push([Buffer.from(buffered).toString(), scanned]);
      const answer = answers[asked.length - 1];
      if (answer === undefined) throw new Error('asked too often');
      return answer;
    },
  };
}

it('says how many bytes the frame lacks, before and after its length is known', () => {
  using reading = new Reading(digits);
  expect(reading.reader.missing()).toBe(2);
  reading.came('4');
  expect(reading.reader.missing()).toBe(1);
  reading.came('0a');
  expect(reading.reader.missing()).toBe(3);
  expect(reading.next()).toBeUndefined();
  reading.came('bcd40');
  expect(reading.reader.missing()).toBe(0);
  expect(reading.next()).toMatchObject({ text: '40abcd', frame: { range: { start: 0, end: 6 } } });
  expect(reading.reader.missing()).toBe(4);
});

it('asks again only when the bytes wanted are there, and passes on how far the search got', () => {
  const codec = answering({ need: 2 }, { need: 5, scanned: 1 }, { length: 6, fds: 0 }, { need: 1 });
  using reading = new Reading(codec);
  for (const byte of 'abcdef') {
    reading.came(byte);
    reading.reader.missing();
  }
  expect(codec.asked).toEqual([
    ['a', 0],
    ['ab', 0],
    ['abcde', 1],
  ]);
  expect(reading.next()).toMatchObject({ text: 'abcdef' });
  expect(reading.reader.missing()).toBe(1);
  expect(codec.asked[3]).toEqual(['', 0]);
});

it('calls measure.at instead, where there is one, but not for bytes that came apart', () => {
  const asked: [string, number | undefined][] = [];
  const measure = (buffered: Uint8Array, scanned: number, start?: number) => {
    asked.push([Buffer.from(buffered).toString(), start]);
    return digits.measure(buffered.subarray(start), scanned);
  };
  using reading = new Reading({
    measure: Object.assign((buffered: Uint8Array, scanned: number) => measure(buffered, scanned), {
      at: (memory: Uint8Array, start: number, scanned: number) => measure(memory, scanned, start),
    }),
  });
  reading.came('20ab10c3');
  expect([reading.next()?.text, reading.next()?.text, reading.next()]).toEqual(['20ab', '10c', undefined]);
  expect(asked).toEqual([
    ['20ab10c3', 0],
    ['20ab10c3', 4],
    ['20ab10c3', 7],
  ]);
  reading.came('0def00');
  expect([reading.next()?.text, reading.next()?.text]).toEqual(['30def', '00']);
  expect(asked.slice(3)).toEqual([
    ['30', undefined],
    ['def00', 3],
  ]);
});

it('gives a measure in front of another nothing but the frame and what follows it, and calls nothing past it', () => {
  const codec = lengthPrefixed({ lengthBytes: 1, countBytes: 1 });
  const asked: string[] = [];
  using reading = new Reading({
    ...codec,
    measure(buffered, scanned) {
      asked.push(Buffer.from(buffered).toString('latin1'));
      return codec.measure(buffered, scanned);
    },
  });
  reading.came('\x01\x00a\x02\x00bc');
  expect([reading.next()?.text, reading.next()?.text]).toEqual(['\x01\x00a', '\x02\x00bc']);
  expect(asked).toEqual(['\x01\x00a\x02\x00bc', '\x02\x00bc']);
});

it.each([undefined, null, 7])('a codec that answers %p gets an error that says so', (answer) => {
  using reading = new Reading({ measure: () => answer as unknown as Measured });
  expect(() => reading.next()).toThrow(RangeError);
});

it('takes no notice of how many parameters measure declares', () => {
  const given: number[] = [];
  const withMore = (buffered: Uint8Array, scanned: number, unused?: number, another?: number) => {
    given.push(Number(unused !== undefined) + Number(another !== undefined));
    return digits.measure(buffered, scanned);
  };
  const wrapper = (...args: Parameters<typeof withMore>) => withMore(...args);
  for (const measure of [withMore, wrapper]) {
    using reading = new Reading({ measure });
    reading.came('20ab10c');
    expect([reading.next()?.text, reading.next()?.text]).toEqual(['20ab', '10c']);
  }
  expect(new Set(given)).toEqual(new Set([0]));
});

it.each([undefined, {}, { measure: 'six bytes' }, { measure: Object.assign(() => ({ need: 1 }), { at: 7 }) }])(
  'refuses %j for a codec',
  (codec) => {
    expect(() => new Reading(codec as unknown as FrameMeasure)).toThrow(TypeError);
  },
);

it.each<[string, Measured]>([
  ['need of what it saw', { need: 3 }],
  ['need of less than it saw', { need: 0 }],
  ['a fraction of a byte', { need: 3.5 }],
  ['no number', { need: NaN }],
  ['endless need', { need: Infinity }],
  ['length 0', { length: 0, fds: 0 }],
  ['a negative length', { length: -1, fds: 0 }],
  ['an endless length', { length: Infinity, fds: 0 }],
])('a codec that answers %s gets an error that says so', (_, answer) => {
  using reading = new Reading(answering(answer));
  reading.came('abc');
  expect(() => reading.next()).toThrow(RangeError);
  expect(() => reading.next()).toThrow(/the codec's measure\(\) returned/);
});

it.each<[string, Measured]>([
  ['a negative number', { length: 3, fds: -1 }],
  ['a fraction', { length: 3, fds: 0.5 }],
  ['no number', { length: 3, fds: NaN }],
])('a codec that declares %s of descriptors gets an error that says so', (_, answer) => {
  using reading = new Reading(answering(answer));
  reading.came('abc', 1);
  expect(() => reading.next()).toThrow(RangeError);
});

it('what measure() throws is reported when the frame is asked for, and every time after', () => {
  const refusal = new Error('not a frame');
  using reading = new Reading({
    measure: (buffered) => {
      if (buffered[0] === 0x21) throw refusal;
      return digits.measure(buffered, 0);
    },
  });
  reading.came('10a!');
  expect(reading.next()).toMatchObject({ text: '10a' });
  expect(reading.reader.missing()).toBe(0);
  expect(() => reading.next()).toThrow(refusal);
  expect(() => reading.next()).toThrow(refusal);
});

it('is greedy as the codec says; unsaid, with a count it is, and attached it is not', () => {
  using counted = new Reading(digits);
  expect(counted.reader.greedy).toBe(false);
  counted.came('10a');
  counted.next();
  expect(counted.reader.greedy).toBe(true);

  using unsaid = new Reading({ measure: attached('greedy').measure });
  unsaid.came('10a');
  unsaid.next();
  expect(unsaid.reader.greedy).toBe(false);

  using bounded = new Reading({ ...digits, reads: 'bounded' });
  bounded.came('10a');
  bounded.next();
  expect(bounded.reader.greedy).toBe(false);
  using greedy = new Reading(attached('greedy'));
  expect(greedy.reader.greedy).toBe(true);
});

it('without a codec each segment is a frame', () => {
  const queue = new ReceiveQueue<OwnedFd>('last-byte');
  const codec = segmentFrames(queue);
  expect(codec.measure(Buffer.alloc(0), 0)).toEqual({ need: 1 });
  queue.push(Buffer.from('abc'), [], false);
  queue.push(Buffer.from('d'), [], false);
  expect(codec.measure(queue.peek(1), 0)).toEqual({ length: 3, fds: 'attached' });
});

it('a length given beforehand is the frame’s length, read without looking further', () => {
  expect(exactly(7)).toMatchObject({ reads: 'bounded' });
  expect(exactly(7).measure(Buffer.alloc(0), 0)).toEqual({ length: 7, fds: 'attached' });
});

it('claims no descriptors of a frame whose memory was transferred away', () => {
  using reading = new Reading(attached('greedy'));
  const bytes = Buffer.from(new Uint8Array(Buffer.from('20ab')).buffer);
  reading.queue.push(bytes, [fds.memfd('held')], false);
  expect(reading.reader.missing()).toBe(0);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  expect(() => reading.next()).toThrow();
  expect(reading.queue.fdCount).toBe(1);
  expect(OwnedFd.closeAll(reading.queue.clear())).toBe(1);
});
