import fc from 'fast-check';
import { ReceiveQueue } from '../../packages/stream/receive/receive-queue';
import { propertyRuns } from '../support/properties';

function queueOf(...chunks: readonly string[]): ReceiveQueue<string> {
  const queue = new ReceiveQueue<string>('last-byte');
  for (const chunk of chunks) queue.push(Buffer.from(chunk), [], false);
  return queue;
}

/** Bytes copied from buffer to buffer by what `run` does. */
function bytesCopied(run: () => void): number {
  let copied = 0;
  const real = Object.getOwnPropertyDescriptor(Buffer.prototype, 'copy')?.value as Buffer['copy'];
  const spy = jest.spyOn(Buffer.prototype, 'copy').mockImplementation(function (this: Buffer, ...args: unknown[]) {
    const part = real.apply(this, args as Parameters<Buffer['copy']>);
    copied += part;
    return part;
  });
  try {
    run();
  } finally {
    spy.mockRestore();
  }
  return copied;
}

it('counts offsets over the life of the stream', () => {
  const queue = queueOf('abc', 'de');
  expect([queue.start, queue.end, queue.length, queue.frontLength]).toEqual([0, 5, 5, 3]);
  queue.takeBytes(4);
  expect([queue.start, queue.end, queue.length, queue.frontLength]).toEqual([4, 5, 1, 1]);
  queue.takeBytes(1);
  expect([queue.start, queue.end, queue.length, queue.frontLength]).toEqual([5, 5, 0, 0]);
  queue.push(Buffer.from('f'), [], false);
  expect([queue.start, queue.end, queue.length]).toEqual([5, 6, 1]);
});

it('counts what passes it by, and puts the windows of what follows behind that', () => {
  const queue = queueOf();
  expect(queue.empty).toBe(true);
  queue.passBy(3);
  queue.push(Buffer.from('de'), ['x'], false);
  expect([queue.start, queue.end, queue.length, queue.empty]).toEqual([3, 5, 2, false]);
  expect(queue.hasFdsBefore(4)).toBe(false);
  expect(queue.claimAttached({ start: 3, end: 5 })).toMatchObject({ fds: ['x'], truncated: false, reach: 5 });
  expect(queue.empty).toBe(false);
  queue.takeBytes(2);
  expect(queue.empty).toBe(true);
});

it('is not empty while the mark of a truncation is left', () => {
  const queue = queueOf();
  queue.push(Buffer.from('a'), [], true);
  queue.takeBytes(1);
  expect([queue.length, queue.fdCount, queue.empty]).toEqual([0, 0, false]);
});

it('takes bytes without a copy where one chunk holds them all', () => {
  const chunk = Buffer.from('abcdef');
  const queue = new ReceiveQueue<string>('last-byte');
  queue.push(chunk, [], false);
  const copied = bytesCopied(() => {
    const first = queue.takeBytes(2);
    const rest = queue.takeBytes(4);
    expect([first.buffer, first.byteOffset]).toEqual([chunk.buffer, chunk.byteOffset]);
    expect([rest.buffer, rest.byteOffset]).toEqual([chunk.buffer, chunk.byteOffset + 2]);
  });
  expect(copied).toBe(0);
});

it('copies each byte once when they are spread over chunks', () => {
  const queue = queueOf('ab', 'cd', 'ef', 'gh');
  expect(
    bytesCopied(() => {
      expect(queue.takeBytes(7).toString()).toBe('abcdefg');
    }),
  ).toBe(7);
  expect(queue.takeBytes(1).toString()).toBe('h');
});

it('looks at the front without a copy as long as one chunk suffices, and changes nothing by looking', () => {
  const queue = queueOf('abc', 'de');
  expect(
    bytesCopied(() => {
      expect(queue.peek(3).toString()).toBe('abc');
    }),
  ).toBe(0);
  expect(queue.peek(4).subarray(0, 4).toString()).toBe('abcd');
  expect(queue.length).toBe(5);
  expect(queue.takeBytes(5).toString()).toBe('abcde');
});

it('joins chunks by doubling: a frame looked at byte by byte costs a bounded number of copies of each byte', () => {
  const total = 1 << 16;
  const queue = new ReceiveQueue<string>('last-byte');
  const copied = bytesCopied(() => {
    for (let length = 1; length <= total; length++) {
      queue.push(Buffer.of(length & 255), [], false);
      if (queue.peek(length).length !== length) throw new Error(`not ${length} bytes`);
    }
  });
  // Once into the storage, and then again whenever that doubles: 1 + 1/2 + 1/4 ...
  expect(copied).toBeLessThanOrEqual(4 * total);
  const bytes = queue.takeBytes(total);
  expect(bytes.equals(Buffer.from(Array.from({ length: total }, (_, index) => (index + 1) & 255)))).toBe(true);
});

it('never writes into bytes that were taken, although later ones are joined in the same storage', () => {
  const queue = queueOf('abcd', 'e');
  queue.peek(5);
  const taken = queue.takeBytes(4);
  queue.push(Buffer.from('fgh'), [], false);
  expect(queue.peek(4).toString()).toBe('efgh');
  const more = queue.takeBytes(4);
  queue.push(Buffer.from('ij'), [], false);
  queue.push(Buffer.from('kl'), [], false);
  expect(queue.peek(4).toString()).toBe('ijkl');
  expect([taken.toString(), more.toString()]).toEqual(['abcd', 'efgh']);
});

it.each(['peek', 'takeBytes'] as const)('%s of more bytes than there are is a mistake of the caller', (method) => {
  expect(() => queueOf('abc', 'd')[method](5)).toThrow(RangeError);
});

it('gives back the bytes put in, whatever the sizes of chunks, looks and takes', () => {
  const step = fc.record({ push: fc.nat(40), peek: fc.nat(60), take: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ReceiveQueue<string>('last-byte');
      const taken: Buffer[] = [];
      const whole: number[] = [];
      for (const { push, peek, take } of steps) {
        const chunk = Buffer.from(Array.from({ length: push + 1 }, (_, index) => (whole.length + index) & 255));
        whole.push(...chunk);
        queue.push(chunk, [], false);
        const need = Math.min(peek, queue.length);
        const view = queue.peek(need);
        expect(view.length).toBeGreaterThanOrEqual(need);
        expect([...view]).toEqual(whole.slice(queue.start, queue.start + view.length));
        taken.push(queue.takeBytes(Math.min(take, queue.length)));
      }
      taken.push(queue.takeBytes(queue.length));
      // Compared at the end, so that nothing that was handed out may have changed meanwhile.
      expect([...Buffer.concat(taken)]).toEqual(whole);
    }),
    propertyRuns,
  );
});
