import fc from 'fast-check';
import { ByteQueue } from '../../packages/stream/receive/byte-queue';
import { propertyRuns } from '../support/properties';

/** One byte in memory of its own, as if cut from a slab. */
function crumb(value: number): Buffer {
  return Buffer.alloc(65_536, value).subarray(100, 101);
}

/** The memory that a queue's chunks keep alive, each block counted once. */
function kept(queue: ByteQueue): number {
  const blocks = new Set<ArrayBufferLike>();
  while (queue.length > 0) blocks.add(queue.take(queue.frontLength).buffer);
  return [...blocks].reduce((sum, block) => sum + block.byteLength, 0);
}

it('small chunks that stay are moved together: they keep memory in proportion to their bytes', () => {
  const queue = new ByteQueue();
  for (let index = 0; index < 4_000; index++) {
    queue.push(crumb(index), true);
    queue.compact();
  }
  expect(queue.length).toBe(4_000);
  expect(kept(queue)).toBeLessThan(4 * 4_000);
});

it('a chunk that stays does not keep much more memory than it has bytes', () => {
  const queue = new ByteQueue();
  for (let index = 0; index < 40; index++) {
    queue.push(Buffer.alloc(262_144, index).subarray(100, 5_100), true);
    queue.compact();
  }
  expect(queue.length).toBe(200_000);
  expect(kept(queue)).toBeLessThan(4 * 200_000);
});

it('a chunk that may not be joined stays a chunk of its own, in memory of its own', () => {
  const queue = new ByteQueue();
  for (const [value, joins] of [
    [1, true],
    [2, true],
    [3, false],
    [4, true],
  ] as const) {
    queue.push(crumb(value), joins);
    queue.compact();
  }
  expect(queue.frontLength).toBe(2);
  expect([...queue.take(2)]).toEqual([1, 2]);
  expect(queue.frontLength).toBe(2);
  expect([...queue.take(2)]).toEqual([3, 4]);
});

it('a large chunk is never copied', () => {
  const queue = new ByteQueue();
  const large = Buffer.alloc(10_000);
  queue.push(large, true);
  queue.compact();
  expect(queue.take(10_000).buffer).toBe(large.buffer);
});

it('any order of push, settle, peek and take gives the bytes in order, and views handed out never change', () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 6_000 }), joins: fc.boolean() }),
    fc.record({ take: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ peek: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.constant('settle' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ByteQueue();
      const handedOut: { view: Buffer; copy: Buffer }[] = [];
      let written = 0;
      let read = 0;
      const expected = (from: number, length: number): Buffer =>
        Buffer.from(Array.from({ length }, (_, index) => (from + index) % 251));
      for (const each of steps) {
        if (each === 'settle') queue.compact();
        else if ('push' in each) {
          queue.push(expected(written, each.push), each.joins);
          written += each.push;
        } else if ('peek' in each) {
          const need = Math.floor(each.peek * queue.length);
          const seen = queue.peek(need);
          expect(seen.length).toBeGreaterThanOrEqual(need);
          expect(seen.equals(expected(read, seen.length))).toBe(true);
        } else {
          const length = Math.ceil(each.take * queue.length);
          if (length === 0) continue;
          const view = queue.take(length);
          expect(view.equals(expected(read, length))).toBe(true);
          read += length;
          handedOut.push({ view, copy: Buffer.from(view) });
        }
        expect(queue.length).toBe(written - read);
      }
      for (const { view, copy } of handedOut) expect(view.equals(copy)).toBe(true);
    }),
    propertyRuns,
  );
});

it('memory that several frames are cut from cannot be transferred away with one of them', () => {
  const queue = new ByteQueue();
  for (const value of [1, 2]) {
    queue.push(crumb(value), true);
    queue.compact();
  }
  queue.push(Buffer.alloc(10_000, 3), true);
  queue.peek(3);
  const frames = [queue.take(1), queue.take(2)];
  for (const bytes of frames) {
    try {
      structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
    } catch {
      // Later versions of Node refuse it; earlier ones copy.
    }
  }
  expect(frames.map((bytes) => [...bytes])).toEqual([[1], [2, 3]]);
  expect([...queue.take(2)]).toEqual([3, 3]);
});

it('leaves a small chunk where it is while a large one beside it keeps its memory anyway', () => {
  const slab = Buffer.allocUnsafeSlow(64 * 1024);
  const [large, behind] = [slab.subarray(100, 60_000), slab.subarray(60_000, 60_100)];
  const before = new ByteQueue();
  for (const chunk of [large, behind]) before.push(chunk, true);
  before.compact();
  before.take(large.length);
  expect(before.front.buffer).toBe(slab.buffer);

  const after = new ByteQueue();
  after.push(slab.subarray(0, 100), true);
  after.push(large, true);
  after.compact(1);
  expect(after.front.buffer).toBe(slab.buffer);
});

it.each([
  ['alone', []],
  ['beside other memory', [Buffer.allocUnsafeSlow(50_000)]],
  ['beside another small one', [Buffer.allocUnsafeSlow(64 * 1024).subarray(0, 50)]],
])('moves a small chunk %s out of its slab', (_where, beside) => {
  const slab = Buffer.allocUnsafeSlow(64 * 1024);
  const queue = new ByteQueue();
  queue.push(slab.subarray(0, 100), true);
  for (const chunk of beside) queue.push(chunk, true);
  queue.compact(beside.length);
  expect(queue.front.buffer).not.toBe(slab.buffer);
});
