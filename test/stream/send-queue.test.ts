import fc from 'fast-check';
import {
  bytesNeededFor,
  holdsFds,
  MAX_FDS_PER_SENDMSG,
  type OutgoingFrame,
  SendQueue,
} from '../../packages/stream/send/send-queue';
import { propertyRuns } from '../support/properties';

function frame(text: string | number, fds: readonly number[] = []): OutgoingFrame {
  return { bytes: typeof text === 'string' ? Buffer.from(text) : Buffer.alloc(text, '.'), fds, sent: 0 };
}

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index);

function queueOf<Frame extends OutgoingFrame>(...frames: readonly Frame[]): SendQueue<Frame> {
  const queue = new SendQueue<Frame>();
  for (const each of frames) queue.push(each);
  return queue;
}

function shown(queue: SendQueue<OutgoingFrame>): [string, readonly number[]][] {
  return queue.plan().map(({ bytes, fds }) => [Buffer.from(bytes).toString(), fds]);
}

it('a part with descriptors holds bytes of its own frame only', () => {
  const queue = queueOf(frame('ab'), frame('cd', [7]), frame('ef'), frame('gh', [8, 9]));
  expect(shown(queue)).toEqual([
    ['ab', []],
    ['cd', [7]],
    ['ef', []],
    ['gh', [8, 9]],
  ]);
});

it('planning changes nothing', () => {
  const queue = queueOf(frame('ab', [7]), frame('cd'));
  expect(shown(queue)).toEqual(shown(queue));
  expect(queue.length).toBe(2);
});

it('descriptors leave with the first byte accepted, and the rest goes without them', () => {
  const sent = frame('abc', [7]);
  const queue = queueOf(sent);
  expect(holdsFds(sent)).toBe(true);
  expect(queue.accept(0)).toEqual([]);
  expect(shown(queue)).toEqual([['abc', [7]]]);
  expect(queue.accept(1)).toEqual([]);
  expect(holdsFds(sent)).toBe(false);
  expect(shown(queue)).toEqual([['bc', []]]);
  expect(queue.accept(2)).toEqual([sent]);
  expect(shown(queue)).toEqual([]);
});

it('more than 253 go in groups, one byte kept for each, the last with all that is left of the bytes', () => {
  const queue = queueOf(frame('abcd', numbers(600)));
  expect(shown(queue)).toEqual([
    ['a', numbers(253)],
    ['b', numbers(253, 253)],
    ['cd', numbers(94, 506)],
  ]);
  queue.accept(2);
  expect(shown(queue)).toEqual([['cd', numbers(94, 506)]]);
});

it.each([
  [0, 0],
  [1, 1],
  [253, 1],
  [254, 2],
  [506, 2],
  [507, 3],
])('%d descriptors need %d bytes', (fds, bytes) => {
  expect(bytesNeededFor(fds)).toBe(bytes);
});

it('a plan is bounded however much is queued, and starts at the front', () => {
  const plan = queueOf(...numbers(5000).map((each) => frame(String(each)))).plan();
  expect(plan.length).toBeLessThan(1000);
  expect(plan.slice(0, 3).map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['0', '1', '2']);
});

it('accepting completes frames in order and stops inside one', () => {
  const [first, second, third] = [frame('ab'), frame('cd'), frame('ef')];
  const queue = queueOf(first, second, third);
  expect(queue.accept(5)).toEqual([first, second]);
  expect(third.sent).toBe(1);
  expect(queue.front).toBe(third);
  expect(queue.accept(1)).toEqual([third]);
  expect(queue.front).toBeUndefined();
});

it('a frame may be withdrawn from any place as long as none of its bytes was accepted', () => {
  const [first, second, third] = [frame('ab', [1]), frame('cd', [2]), frame('ef', [3])];
  const queue = queueOf(first, second, third);
  queue.accept(1);
  expect(queue.withdraw(first)).toBe(false);
  expect(queue.withdraw(second)).toBe(true);
  expect(queue.withdraw(second)).toBe(false);
  expect(shown(queue)).toEqual([
    ['b', []],
    ['ef', [3]],
  ]);
  expect(queue.clear()).toEqual([first, third]);
  expect(queue.length).toBe(0);
});

it('every descriptor leaves once, in order and inside its own frame, however the accepted bytes are split', () => {
  const frames = fc.array(
    fc
      .record({ extra: fc.nat(20), fds: fc.oneof(fc.constant(0), fc.nat(4), fc.integer({ min: 250, max: 800 })) })
      .map(({ extra, fds }) => ({ length: Math.max(1, bytesNeededFor(fds)) + extra, fds })),
    { minLength: 1, maxLength: 12 },
  );
  const splits = fc.infiniteStream(fc.nat(30));
  fc.assert(
    fc.property(frames, splits, (shapes, accepted) => {
      let next = 0;
      const sources = shapes.map(({ length, fds }) => frame(length, numbers(fds, (next += fds) - fds)));
      const queue = queueOf(...sources);
      const left: { fd: number; at: number }[] = [];
      let at = 0;
      // The kernel's rule: parts go in order; a part's descriptors go with its first byte.
      for (let turn = 0; queue.length > 0 && turn < 10_000; turn++) {
        const parts = queue.plan();
        const total = parts.reduce((sum, part) => sum + part.bytes.length, 0);
        const taken = Math.min(total, Number(accepted.next().value));
        let offset = 0;
        for (const part of parts) {
          expect(part.bytes.length).toBeGreaterThan(0);
          expect(part.fds.length).toBeLessThanOrEqual(MAX_FDS_PER_SENDMSG);
          if (offset < taken) for (const fd of part.fds) left.push({ fd, at: at + offset });
          offset += part.bytes.length;
        }
        queue.accept(taken);
        at += taken;
      }
      expect(queue.length).toBe(0);
      expect(left.map(({ fd }) => fd)).toEqual(numbers(next));
      let start = 0;
      for (const { bytes, fds } of sources) {
        const inside = left.filter((each) => each.at >= start && each.at < start + bytes.length);
        expect(inside.map(({ fd }) => fd)).toEqual(fds);
        start += bytes.length;
      }
    }),
    propertyRuns,
  );
});
