import type { Anchor, ByteRange } from '../../packages/binding';
import { ReceiveQueue } from '../../packages/stream/receive/receive-queue';

/** `'xxxx:ab'` is four bytes with the descriptors a and b; `'xx!:a'` two of which the kernel dropped some. */
function queueOf(anchor: Anchor, ...segments: readonly string[]): ReceiveQueue<string> {
  const queue = new ReceiveQueue<string>(anchor);
  for (const segment of segments) {
    const [bytes = '', fds = ''] = segment.split(':');
    queue.push(Buffer.from(bytes.replace('!', '')), Array.from(fds), bytes.endsWith('!'));
  }
  return queue;
}

const range = (start: number, end: number): ByteRange => ({ start, end });

describe('attached', () => {
  it('on Linux a window belongs to the frame with its last byte', () => {
    const queue = queueOf('last-byte', 'aaab:x', 'ccc');
    expect(queue.claimAttached(range(0, 3))).toMatchObject({ fds: [], truncated: false, reach: 0 });
    expect(queue.claimAttached(range(3, 4))).toMatchObject({ fds: ['x'], truncated: false, reach: 4 });
    expect(queue.fdCount).toBe(0);
  });

  it('on BSD a window belongs to the frame with its first byte', () => {
    const queue = queueOf('first-byte', 'abbb:x');
    expect(queue.claimAttached(range(0, 1))).toMatchObject({ fds: ['x'], truncated: false, reach: 4 });
    expect(queue.claimAttached(range(1, 4))).toMatchObject({ fds: [], truncated: false, reach: 0 });
  });

  it.each(['last-byte', 'first-byte'] as const)('a window inside the frame reaches no further (%s)', (anchor) => {
    const queue = queueOf(anchor, 'aa:x', 'aa:yz', 'bb:w');
    expect(queue.claimAttached(range(0, 4))).toMatchObject({ fds: ['x', 'y', 'z'], truncated: false, reach: 4 });
    expect(queue.fdCount).toBe(1);
  });

  it('says when one of its bundles was truncated, and only then', () => {
    const queue = queueOf('last-byte', 'aa!:x', 'bb:y', 'cc!');
    expect(queue.claimAttached(range(0, 2))).toMatchObject({ fds: ['x'], truncated: true, reach: 2 });
    expect(queue.claimAttached(range(2, 4))).toMatchObject({ fds: ['y'], truncated: false, reach: 4 });
    expect(queue.claimAttached(range(4, 6))).toMatchObject({ fds: [], truncated: true, reach: 6 });
  });

  it('keeps windows when bytes are taken out of the middle of one', () => {
    const queue = queueOf('last-byte', 'aabb:x');
    queue.takeBytes(2);
    expect(queue.hasFdsBefore(queue.start + 1)).toBe(false);
    expect(queue.hasFdsBefore(queue.start + 2)).toBe(true);
    expect(queue.claimAttached(range(2, 4)).fds).toEqual(['x']);
  });
});

it('what is anchored before a frame is stray', () => {
  const queue = queueOf('last-byte', 'aa:x', 'bb:y');
  expect(queue.claimStray(range(2, 4)).fds).toEqual(['x']);
  expect(queue.claimAttached(range(2, 4)).fds).toEqual(['y']);
});

describe('in order', () => {
  it('gives the next ones, out of a bundle that goes on in the next frame', () => {
    const queue = queueOf('last-byte', 'aabb:xyz');
    expect(queue.claimInOrder(1, range(0, 2))).toMatchObject({ fds: ['x'], truncated: false, reach: 4 });
    expect(queue.claimInOrder(2, range(2, 4))).toMatchObject({ fds: ['y', 'z'], truncated: false, reach: 4 });
  });

  it('gives those that rode ahead with an earlier frame, whose window is that frame’s alone', () => {
    const queue = queueOf('last-byte', 'aa:xy', 'bb');
    expect(queue.claimInOrder(0, range(0, 2)).fds).toEqual([]);
    expect(queue.claimInOrder(2, range(2, 4))).toMatchObject({ fds: ['x', 'y'], truncated: false, reach: 2 });
  });

  it('gives none from a window that starts at the frame’s end or later', () => {
    const queue = queueOf('last-byte', 'aa:x', 'bb:y');
    expect(queue.claimInOrder(2, range(0, 2))).toMatchObject({ fds: ['x'], truncated: false, reach: 2 });
    expect(queue.fdCount).toBe(1);
  });

  it('gives from a window that reaches past the frame’s end, as long as it starts before', () => {
    const queue = queueOf('last-byte', 'aaab:x');
    expect(queue.claimInOrder(1, range(0, 3))).toMatchObject({ fds: ['x'], truncated: false, reach: 4 });
  });

  it('counts nothing off behind a truncated bundle, now or later', () => {
    const queue = queueOf('last-byte', 'aa!:x', 'bb:yz');
    expect(queue.claimInOrder(2, range(0, 4))).toMatchObject({ fds: ['x'], truncated: true, reach: 2 });
    queue.takeBytes(4);
    expect(queue.claimInOrder(1, range(4, 6))).toMatchObject({ fds: [], truncated: true, reach: 0 });
    expect(queue.claimBehindTruncation(4)).toEqual(['y', 'z']);
    expect(queue.fdCount).toBe(0);
  });

  it('a frame whose descriptors all came before the truncation is whole', () => {
    const queue = queueOf('last-byte', 'aa!:xy');
    expect(queue.claimInOrder(2, range(0, 2))).toMatchObject({ fds: ['x', 'y'], truncated: false, reach: 2 });
    expect(queue.claimInOrder(1, range(2, 4)).truncated).toBe(true);
  });
});

describe('older', () => {
  it('is what surely came before an offset, by the byte that belongs to it', () => {
    const queue = queueOf('last-byte', 'aa:xy', 'bbb:z', 'c:w');
    expect(queue.claimOlder(1)).toEqual([]);
    expect(queue.claimOlder(4)).toEqual(['x', 'y']);
    expect(queue.claimOlder(5)).toEqual(['z']);
    expect(queue.fdCount).toBe(1);
    expect(queue.claimInOrder(1, range(0, 6)).fds).toEqual(['w']);
  });

  it('leaves the mark of a truncation, behind which nothing can be counted off', () => {
    const queue = queueOf('last-byte', 'aa!:x', 'bb:y');
    expect(queue.claimOlder(4)).toEqual(['x', 'y']);
    queue.push(Buffer.from('cc'), ['z'], false);
    expect(queue.claimInOrder(1, range(4, 6))).toMatchObject({ fds: [], truncated: true });
  });
});

it('a message that goes on behind what was read of it reaches as far as is known', () => {
  const queue = new ReceiveQueue<string>('last-byte');
  queue.push(Buffer.from('aa'), ['x'], false, 3);
  expect(queue.claimAttached(range(0, 2))).toMatchObject({ fds: ['x'], reach: 5 });
});

it('bytes that can only be seen become fewer as they are received', () => {
  const queue = new ReceiveQueue<string>('last-byte');
  queue.ahead = Buffer.from('abcd');
  queue.push(Buffer.from('ab'), [], false);
  expect(queue.ahead.toString()).toBe('cd');
  queue.push(Buffer.from('cdef'), [], false);
  expect(queue.ahead).toHaveLength(0);
});

describe('behind a truncation', () => {
  it('is nothing while the front bundle is whole', () => {
    expect(queueOf('last-byte', 'aa:x', 'bb!:y', 'cc:z').claimBehindTruncation(6)).toEqual([]);
  });

  it('is what later bundles anchored before the offset hold, not what the truncated one does', () => {
    const queue = queueOf('last-byte', 'aa!:x', 'bb:yz', 'cc:w');
    expect(queue.claimBehindTruncation(4)).toEqual(['y', 'z']);
    expect(queue.fdCount).toBe(2);
    expect(queue.claimInOrder(1, range(0, 2)).fds).toEqual(['x']);
  });
});

it('the newest descriptors beyond a number are claimed, in the sender’s order', () => {
  const queue = queueOf('last-byte', 'aa:uvw', 'bb', 'cc:xy', 'dd:z');
  expect(queue.claimBeyond(6)).toEqual([]);
  expect(queue.claimBeyond(4)).toEqual(['y', 'z']);
  expect(queue.claimBeyond(2)).toEqual(['w', 'x']);
  expect(queue.fdCount).toBe(2);
  expect(queue.claimAttached(range(0, 8)).fds).toEqual(['u', 'v']);
});

it('clearing drops the bytes, gives out every descriptor once, and keeps the offset', () => {
  const queue = queueOf('last-byte', 'aa:x', 'bb', 'cc!:yz');
  queue.takeBytes(1);
  expect(queue.clear()).toEqual(['x', 'y', 'z']);
  expect([queue.length, queue.fdCount, queue.start, queue.end]).toEqual([0, 0, 6, 6]);
  expect(queue.clear()).toEqual([]);
});
