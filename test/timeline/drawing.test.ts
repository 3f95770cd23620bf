import fc from 'fast-check';
import { drawTimeline, type TraceEvent } from '../../packages/ancillary/testing';
import { type Element, parsed } from './parsed';
import { timelines } from './programs';

// Properties of the drawings of many random timelines, of Linux and of others.

let drawn: { events: readonly TraceEvent[]; svg: Element }[];

beforeAll(async () => {
  const sample = fc.sample(timelines, { numRuns: 200, seed: 1 });
  const drawings = await parsed(sample.map((events) => drawTimeline(events)));
  drawn = drawings.map((svg, index) => ({ events: sample[index] ?? [], svg }));
});

/** The part of the drawing that is about the event, by its class. */
function partsOf(svg: Element, index: number, name: string): Element[] {
  return svg.all(name).filter((part) => part.has('data-number') && part.number('data-number') === index + 1);
}

function bandOf(svg: Element, event: TraceEvent): Element {
  const band = svg.all('band').find((each) => each.attribute('data-stream') === event.stream);
  if (band === undefined) throw new Error(`No band for ${event.stream}`);
  return band;
}

function bytes(svg: Element, event: TraceEvent): Map<number, { left: number; right: number }> {
  return new Map(
    bandOf(svg, event)
      .all('byte')
      .map((byte) => {
        const left = byte.number('data-x');
        return [byte.number('data-offset'), { left, right: left + byte.number('data-width') }];
      }),
  );
}

test('The sample has all that is drawn: sends and receives, descriptors delivered and lost, truncation, other streams', () => {
  const events = drawn.flatMap((each) => each.events);
  const count = (which: (event: TraceEvent) => boolean): number => events.filter(which).length;
  expect(count(({ what, fds }) => what === 'sendmsg' && fds.length > 0)).toBeGreaterThan(100);
  expect(
    count((event) => event.what === 'recvmsg' && event.anchor === 'last-byte' && event.fds.length > 0),
  ).toBeGreaterThan(20);
  expect(
    count((event) => event.what === 'recvmsg' && event.anchor === 'first-byte' && event.fds.length > 0),
  ).toBeGreaterThan(20);
  expect(count((event) => event.what === 'recvmsg' && event.truncated && event.lost.length > 0)).toBeGreaterThan(20);
  expect(count(({ what, outOfBand }) => what === 'recvmsg' && outOfBand)).toBeGreaterThan(0);
  expect(count(({ start, end }) => end - start > 1000)).toBeGreaterThan(20);
  expect(count(({ start, end }) => start === end)).toBeGreaterThan(20);
  expect(drawn.some(({ svg }) => svg.all('band').length === 2)).toBe(true);
});

test('Every call is drawn once: sends above the bytes, receives below', () => {
  for (const { events, svg } of drawn) {
    expect(svg.all('send').filter((each) => each.has('data-number'))).toHaveLength(
      events.filter(({ what }) => what === 'sendmsg').length,
    );
    for (const [index, event] of events.entries()) {
      const [bar, ...more] = partsOf(bandOf(svg, event), index, event.what === 'sendmsg' ? 'send' : 'receive');
      expect(more).toEqual([]);
      expect([bar?.number('data-start'), bar?.number('data-end')]).toEqual([event.start, event.end]);
      for (const segment of bandOf(svg, event).all('segment')) {
        const difference = (bar?.one('rect').number('y') ?? NaN) - segment.number('y');
        expect(Math.sign(difference)).toBe(event.what === 'sendmsg' ? -1 : 1);
      }
    }
  }
});

test('A call covers exactly its bytes', () => {
  let compared = 0;
  for (const { events, svg } of drawn) {
    for (const [index, event] of events.entries()) {
      const { left, right } = spanOf(svg, event, index);
      for (const [offset, byte] of bytes(svg, event)) {
        const covered = left < byte.right && byte.left < right;
        expect({ offset, covered }).toEqual({ offset, covered: event.start <= offset && offset < event.end });
        compared++;
      }
    }
  }
  expect(compared).toBeGreaterThan(5_000);
});

test('Calls of one side lie side by side, but for bytes that were received out of band', () => {
  for (const { events, svg } of drawn) {
    for (const { what, stream } of events) {
      const sameRow = events.flatMap((event, index) => {
        const outOfBand = event.what === 'recvmsg' && event.outOfBand;
        return event.what === what && event.stream === stream && !outOfBand ? [spanOf(svg, event, index)] : [];
      });
      sameRow.sort((a, b) => a.left - b.left);
      for (const [index, { left, right }] of sameRow.entries()) {
        expect(right).toBeGreaterThan(left + 5);
        expect(sameRow[index + 1]?.left ?? Infinity).toBeGreaterThan(right);
      }
    }
  }
});

/** The sides of a call's bar. */
function spanOf(svg: Element, { what }: TraceEvent, index: number): { left: number; right: number } {
  const rect = partsOf(svg, index, what === 'sendmsg' ? 'send' : 'receive')[0]?.one('rect');
  const left = rect?.number('x') ?? NaN;
  return { left, right: left + (rect?.number('width') ?? NaN) };
}

test('Sent descriptors are pinned to the first byte of their sendmsg', () => {
  let pins = 0;
  for (const { events, svg } of drawn) {
    for (const [index, event] of events.entries()) {
      if (event.what !== 'sendmsg' || event.fds.length === 0 || event.start === event.end) continue;
      expectPin(svg, event, index, 'sent', event.start);
      pins++;
    }
  }
  expect(pins).toBeGreaterThan(100);
});

test('Received descriptors are pinned to the last byte returned on Linux, and to the first elsewhere', () => {
  let pins = 0;
  for (const { events, svg } of drawn) {
    for (const [index, event] of events.entries()) {
      if (event.what !== 'recvmsg' || event.fds.length + event.lost.length === 0 || event.start === event.end) continue;
      expectPin(svg, event, index, 'received', event.anchor === 'last-byte' ? event.end - 1 : event.start);
      pins++;
    }
  }
  expect(pins).toBeGreaterThan(50);
});

function expectPin(svg: Element, event: TraceEvent, index: number, side: string, byte: number): void {
  const [pin, ...more] = partsOf(svg, index, 'pin').filter((each) => each.attribute('data-side') === side);
  expect(more).toEqual([]);
  expect(pin?.attribute('data-byte')).toBe(String(byte));
  const cell = bytes(svg, event).get(byte);
  const x = pin?.number('data-x') ?? NaN;
  expect(x).toBeCloseTo(((cell?.left ?? NaN) + (cell?.right ?? NaN)) / 2, 0);
  const stems = bandOf(svg, event)
    .all('stem')
    .map((stem) => Number(/^M([\d.]+) /.exec(stem.attribute('d'))?.[1]));
  expect(stems).toContain(x);
}

test('Truncated reads are marked, and no others', () => {
  for (const { events, svg } of drawn) {
    for (const [index, event] of events.entries()) {
      const [bar] = partsOf(svg, index, 'receive');
      if (event.what !== 'recvmsg') continue;
      expect(bar?.classes.includes('truncated')).toBe(event.truncated);
      expect(bar?.one('title').text.includes('MSG_CTRUNC')).toBe(event.truncated);
    }
  }
});

test('What is written stays inside the picture', () => {
  for (const { svg } of drawn) {
    for (const { left, right, top, bottom } of texts(svg)) {
      expect(Math.min(left, top)).toBeGreaterThan(0);
      expect(right).toBeLessThan(svg.number('width'));
      expect(bottom).toBeLessThan(svg.number('height'));
    }
  }
});

test('No text lies on another, but for calls around a byte that was received out of band', () => {
  for (const { events, svg } of drawn) {
    if (events.some(({ what, outOfBand }) => what === 'recvmsg' && outOfBand)) continue;
    const boxes = texts(svg).sort((a, b) => a.left - b.left);
    for (const [index, box] of boxes.entries()) {
      const over = boxes
        .slice(index + 1)
        .filter((other) => other.left < box.right && other.top < box.bottom && box.top < other.bottom);
      expect(over).toEqual([]);
    }
  }
});

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const FROM_THE_LEFT = ['heading', 'stream', 'step'];

/** Where texts are, with letters of a font of fixed width: 0.6 of its size. */
function texts(parent: Element, x = 0, y = 0, inKey = false): Box[] {
  return parent.children.flatMap((child) => {
    const moved = /^translate\((\d+) (\d+)\)$/.exec(child.has('transform') ? child.attribute('transform') : '');
    const [left, top] = [x + Number(moved?.[1] ?? 0), y + Number(moved?.[2] ?? 0)];
    const key = inKey || child.classes.includes('key');
    if (child.name !== 'text') return texts(child, left, top, key);
    const size = child.number('font-size');
    const length = child.text.length * size * 0.6;
    const start =
      left + child.number('x') - (key || child.classes.some((name) => FROM_THE_LEFT.includes(name)) ? 0 : length / 2);
    const line = top + child.number('y');
    return [{ left: start, right: start + length, top: line - size, bottom: line + size / 4 }];
  });
}

test('The same events give the same drawing, and drawing them leaves them as they are', () => {
  for (const events of fc.sample(timelines, { numRuns: 20, seed: 2 })) {
    const before = structuredClone(events);
    expect(drawTimeline(events)).toBe(drawTimeline(structuredClone(events)));
    expect(events).toEqual(before);
  }
});
