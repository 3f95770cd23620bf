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

it('any order of push, compact, peek, reserve and take gives the bytes in order, and views handed out never change', () => {
  const step = fc.oneof(
    fc.record({
      push: fc.oneof(fc.integer({ min: 1, max: 6_000 }), fc.integer({ min: 40_000, max: 90_000 })),
      joins: fc.boolean(),
    }),
    fc.record({ take: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ peek: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ reserve: fc.integer({ min: 1, max: 2_000_000 }) }),
    fc.constant('compact' as const),
    fc.constant('waits' as const),
    fc.constant('next slab' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ByteQueue();
      const handedOut: { view: Buffer; copy: Buffer }[] = [];
      let written = 0;
      /** What was set apart, to be filled first. */
      let reserved: Buffer = Buffer.alloc(0);
      /** What is read into otherwise. */
      let slab: Buffer = Buffer.allocUnsafeSlow(200_000);
      let read = 0;
      const expected = (from: number, length: number): Buffer =>
        Buffer.from(Array.from({ length }, (_, index) => (from + index) % 251));
      for (const each of steps) {
        if (each === 'compact') queue.compact();
        else if (each === 'waits') queue.waits();
        else if (each === 'next slab') slab = Buffer.allocUnsafeSlow(200_000);
        else if ('reserve' in each) reserved = queue.reserve(queue.length + each.reserve) ?? reserved;
        else if ('push' in each) {
          let bytes = expected(written, each.push);
          if (reserved.length > 0) {
            bytes = reserved.subarray(0, bytes.copy(reserved));
            reserved = reserved.subarray(bytes.length);
          } else {
            if (slab.length < bytes.length) slab = Buffer.allocUnsafeSlow(200_000);
            const into = slab.subarray(0, bytes.copy(slab));
            slab = slab.subarray(bytes.length);
            bytes = into;
          }
          queue.push(bytes, each.joins);
          written += bytes.length;
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

describe('reserve()', () => {
  const KIB = 1024;

  /** Fills what the queue sets apart for the frame, in pieces; returns how often it did. */
  function fillUp(queue: ByteQueue, length: number, piece: number): number {
    let times = 0;
    let room: Buffer = Buffer.alloc(0);
    while (queue.length < length) {
      const next = queue.reserve(length);
      if (next !== undefined) {
        times++;
        room = next;
      }
      const size = Math.min(piece, room.length || 64 * KIB);
      const bytes = room.length > 0 ? room.subarray(0, size) : Buffer.allocUnsafeSlow(size);
      room = room.subarray(size);
      queue.push(bytes.fill(queue.length / KIB), true);
      queue.compact(1);
    }
    return times;
  }

  it('sets nothing apart for a length that was only announced', () => {
    const queue = new ByteQueue();
    expect(queue.reserve(2 ** 40)).toBeUndefined();
    queue.push(Buffer.alloc(64 * KIB - 1), true);
    expect(queue.reserve(2 ** 40)).toBeUndefined();
  });

  it('sets at most eight times as much apart as is there', () => {
    const queue = new ByteQueue();
    queue.push(Buffer.alloc(100 * KIB), true);
    const room = queue.reserve(2 ** 30)?.length ?? 0;
    expect(room + 100 * KIB).toBeGreaterThan(100 * KIB);
    expect(room + 100 * KIB).toBeLessThanOrEqual(8 * 100 * KIB);
    expect(queue.reserve(2 ** 30)).toBeUndefined();
  });

  it.each([1_000, 7_777, 64 * KIB])('puts a frame that comes in pieces of %d bytes into memory of its own', (piece) => {
    const queue = new ByteQueue();
    const length = 3_000_000;
    expect(fillUp(queue, length, piece)).toBeLessThanOrEqual(3);
    queue.push(Buffer.from('next'), true);
    const frame = queue.take(length);
    expect([frame.byteOffset, frame.buffer.byteLength]).toEqual([0, length]);
    for (let at = 0; at < length; at += 50_000) expect(frame[at]).toBeDefined();
    expect(queue.take(4).toString()).toBe('next');
    // It belongs to whoever took it, also to transfer it.
    structuredClone(frame.buffer, { transfer: [frame.buffer as ArrayBuffer] });
    expect(frame.length).toBe(0);
  });

  it('keeps the memory together when others go on to read it', () => {
    const queue = new ByteQueue();
    queue.push(Buffer.alloc(70_000, 1), true);
    const room = queue.reserve(200_000);
    queue.push(room?.fill(2) ?? Buffer.alloc(0), true);
    queue.shareReserved();
    const part = queue.take(100_000);
    try {
      structuredClone(part.buffer, { transfer: [part.buffer as ArrayBuffer] });
    } catch {
      // Later versions of Node refuse it; earlier ones copy.
    }
    expect(queue.take(100_000).equals(Buffer.alloc(100_000, 2))).toBe(true);
  });
});

it('leaves a small chunk where it is while a large one beside it keeps its memory anyway', () => {
  const slab = Buffer.allocUnsafeSlow(64 * 1024);
  const [large, behind] = [slab.subarray(100, 60_000), slab.subarray(60_000, 60_100)];
  const before = new ByteQueue();
  for (const chunk of [large, behind]) before.push(chunk, true);
  before.compact();
  behind.fill(7);
  expect(before.take(60_000)[large.length]).toBe(7);

  const after = new ByteQueue();
  after.push(slab.subarray(0, 100), true);
  after.push(large, true);
  after.compact(1);
  expect(after.front.buffer).toBe(slab.buffer);
});

describe('what was taken out of memory', () => {
  const slab = Buffer.allocUnsafeSlow(64 * 1024);

  it.each([
    ['the rest of a chunk', [60_000], 50_000],
    ['a small chunk behind a large one', [60_000, 100], 60_000],
    ['several chunks', [50_000, 5_000, 5_000], 50_000],
  ])('%s that is left moves, chunks stay chunks', (_what, lengths, taken) => {
    const queue = new ByteQueue();
    let at = 0;
    for (const [index, length] of lengths.entries()) {
      queue.push(slab.subarray(at, at + length).fill(index), false);
      at += length;
    }
    queue.compact();
    queue.take(taken);
    slab.fill(99);
    const rest = lengths.length === 1 ? [10_000] : lengths.slice(1);
    for (const [index, length] of rest.entries()) {
      expect(queue.frontLength).toBe(length);
      expect(queue.front.buffer.byteLength).toBeLessThan(3 * queue.length + 1);
      expect(queue.take(length).equals(Buffer.alloc(length, lengths.length === 1 ? 0 : index + 1))).toBe(true);
    }
  });

  it('a third that is left stays where it is', () => {
    const queue = new ByteQueue();
    queue.push(slab, true);
    queue.compact();
    queue.take(40_000);
    expect(queue.front.buffer).toBe(slab.buffer);
  });

  it('what came just now stays where it is, however little is left', () => {
    const queue = new ByteQueue();
    queue.push(slab, true);
    queue.take(65_000);
    expect(queue.front.buffer).toBe(slab.buffer);
  });
});

describe('waits()', () => {
  const read = (length: number): Buffer => Buffer.allocUnsafeSlow(64 * 1024).subarray(0, length);
  /** A queue in which so many bytes wait that were read into memory of others. */
  const waiting = (bytes: Buffer): ByteQueue => {
    const queue = new ByteQueue();
    queue.push(bytes, true);
    queue.waits();
    return queue;
  };

  it('leaves bytes where they are until two other slabs were read into, and then moves them', () => {
    const bytes = read(5_000);
    const queue = waiting(bytes);
    const [second, third] = [read(5_000), read(5_000)];
    const others = [waiting(second), waiting(second)];
    expect(queue.front.buffer).toBe(bytes.buffer);
    others.push(waiting(third));
    expect(queue.front.buffer).not.toBe(bytes.buffer);
    expect(others.map(({ front }) => front.buffer)).toEqual([second.buffer, second.buffer, third.buffer]);
  });

  it('leaves what came later where it is', () => {
    const bytes = read(5_000);
    const queue = waiting(bytes);
    const later = read(5_000);
    queue.push(later, false);
    queue.waits();
    waiting(read(1));
    expect(queue.take(5_000).buffer).not.toBe(bytes.buffer);
    expect(queue.take(5_000).buffer).toBe(later.buffer);
  });

  it('moves nothing of a queue that was cleared, and holds nothing of it', () => {
    const queue = waiting(read(5_000));
    queue.clear();
    expect(queue.length).toBe(0);
    waiting(read(1));
    waiting(read(1));
    expect(queue.front.length).toBe(0);
  });
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
