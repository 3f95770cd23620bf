import { drawTimeline, MSG_OOB, type TimelineOptions, type TraceEvent } from '../../packages/ancillary/testing';
import { type Element, parsed } from './parsed';
import { Pair } from './programs';

// What single timelines look like.

async function draw(events: readonly TraceEvent[], options?: TimelineOptions): Promise<Element> {
  const [svg] = await parsed([drawTimeline(events, options)]);
  if (svg === undefined) throw new Error('Nothing was parsed');
  return svg;
}

function textOf(element: Element): string {
  return [element.text, ...element.children.map(textOf)].join('');
}

function steps(svg: Element): string[] {
  return svg.all('step').map(textOf);
}

/** Between which two bytes the barriers are, by the offset of the second. */
function barriers(svg: Element): number[] {
  return svg
    .one('band')
    .all('barrier')
    .map((barrier) => {
      const x = barrier.number('data-x');
      const next = svg.all('byte').find((byte) => Math.abs(byte.number('data-x') - x) < 0.2);
      return next?.number('data-offset') ?? NaN;
    });
}

function tags(svg: Element, side: 'sent' | 'received'): string[] {
  return svg
    .all('pin')
    .filter((pin) => pin.attribute('data-side') === side)
    .flatMap((pin) => pin.all('tag').map(textOf));
}

test('docs/kernel.md 2: the barrier is behind the descriptors on Linux', async () => {
  const svg = await draw(new Pair().send('AAA').send('BB', ['b']).send('CCC').receive().receive().events);
  expect(barriers(svg)).toEqual([5]);
});

test('docs/kernel.md 24: the barrier is in front of the descriptors on BSD', async () => {
  const svg = await draw(new Pair('bsd').send('AAA').send('BB', ['b']).send('CCC').receive().receive().events);
  expect(barriers(svg)).toEqual([3]);
});

test('docs/kernel.md 4: there is no barrier where a read was full, or where nothing was behind', async () => {
  const svg = await draw(
    new Pair().send('AAAA', ['a']).receive(2).receive().send('B', ['b']).receive().send('C').events,
  );
  expect(svg.one('band').all('barrier')).toEqual([]);
});

test('docs/kernel.md 17: the segments of a large message are on the ruler, and the first one carries', async () => {
  const svg = await draw(new Pair().send(new Uint8Array(100_000), ['a']).events);
  const segments = svg.one('band').all('segment');
  expect(segments.map((each) => [each.number('data-start'), each.number('data-end')])).toEqual([
    [0, 36_544],
    [36_544, 73_088],
    [73_088, 100_000],
  ]);
  expect(segments.map((each) => each.classes.includes('carrier'))).toEqual([true, false, false]);
});

test('docs/kernel.md 18: a partial send says how much was taken, and looks unlike a whole one', async () => {
  const svg = await draw(new Pair().send(new Uint8Array(1_000_000)).receive(1).events);
  const [whole] = await parsed([drawTimeline(new Pair().send('AAA').events)]);
  expect(steps(svg)[0]).toMatch(/^1 sendmsg\(1,000,000\) = [\d,]+$/);
  expect(svg.one('band').all('partial')).toHaveLength(1);
  expect(whole?.all('partial')).toEqual([]);
});

test('docs/kernel.md 7: delivered and lost descriptors of a truncated read are told apart', async () => {
  const svg = await draw(new Pair().send('AB', ['one', 'two', 'three']).receive(10, 24).events);
  expect(tags(svg, 'received')).toEqual(['one', 'two', 'three lost']);
  expect(svg.one('band').all('lost').map(textOf)).toEqual(['three lost']);
  expect(steps(svg)[1]).toBe('2 recvmsg(10) = 2 MSG_CTRUNC + one, two, lost: three (24 bytes of control)');
});

test('docs/kernel.md 15: descriptors without bytes are lost between the bytes', async () => {
  const svg = await draw(new Pair().send('A').send('', ['gone']).send('B').receive().events);
  const [pin] = svg.all('pin');
  expect(tags(svg, 'sent')).toEqual(['gone lost']);
  expect(pin?.has('data-byte')).toBe(false);
  const [a, b] = svg.all('byte').map((byte) => byte.number('data-x'));
  expect(pin?.number('data-x')).toBeGreaterThan(a ?? NaN);
  expect(pin?.number('data-x')).toBeLessThan(b ?? NaN);
});

test('docs/kernel.md 26: a byte out of band that was passed over is struck out, and its descriptors lost', async () => {
  const pair = new Pair().send('AA').send('X', ['x'], MSG_OOB).send('BB').receive().receive();
  const svg = await draw(pair.events);
  const struck = svg.one('band').all('passed-over');
  expect(struck.map((byte) => byte.number('data-offset'))).toEqual([2]);
  expect(tags(svg, 'received')).toEqual(['x lost']);
});

test('A byte received out of band, ahead of others, was not passed over, nor were they', async () => {
  const svg = await draw(new Pair().send('AAX', [], MSG_OOB).receive(1, 0, MSG_OOB).events);
  const [bar] = svg.one('band').all('receive');
  expect([bar?.number('data-start'), bar?.number('data-end')]).toEqual([2, 3]);
  expect(svg.all('passed-over')).toEqual([]);
});

test('A byte received out of band is drawn upon the read that went around it', async () => {
  const pair = new Pair().send('AAX', [], MSG_OOB).receive(1, 0, MSG_OOB).send('BBY', [], MSG_OOB).receive();
  const svg = await draw(pair.events);
  const bars = svg.one('band').all('receive');
  expect(bars.map((bar) => [bar.number('data-start'), bar.number('data-end')])).toEqual([
    [0, 5],
    [2, 3],
  ]);
});

test('The end of a stream, read again and again, is drawn each time', async () => {
  const svg = await draw(new Pair().send('A').close().receive().receive().receive().events);
  expect(steps(svg)).toEqual(['1 sendmsg(1)', '2 recvmsg(1,000) = 1', '3 recvmsg(1,000) = 0', '4 recvmsg(1,000) = 0']);
  expect(svg.one('band').all('receive')).toHaveLength(3);
});

test('Each stream has a band, named as asked', async () => {
  const pair = new Pair().send('to').answer('fro').receive();
  const svg = await draw(pair.events, { sockets: { 'socket 2': 'the server' } });
  expect(svg.all('band').map((band) => band.one('stream').text)).toEqual([
    'bytes towards the server',
    'bytes towards socket 1',
  ]);
  expect(steps(svg)).toEqual([
    '1 sendmsg(2), to the server',
    '2 sendmsg(3), to socket 1',
    '3 recvmsg(1,000) = 2, at the server',
  ]);
});

test('A timeline may begin in the middle of a stream', async () => {
  const pair = new Pair().send(new Uint8Array(5_000)).receive(10_000).send('late', ['l']).receive();
  const svg = await draw(pair.events.slice(2));
  expect(svg.all('byte').map((byte) => byte.number('data-offset'))).toEqual([5_000, 5_001, 5_002, 5_003]);
});

test('Receives without the sends are drawn too', async () => {
  const pair = new Pair().send('seen', ['l']).receive();
  const svg = await draw(pair.events.slice(1));
  expect(svg.one('band').all('receive')).toHaveLength(1);
  expect(svg.all('byte').map(textOf)).toEqual(['', '', '', '']);
});

test('Nothing makes a picture that says so', async () => {
  const svg = await draw([]);
  expect(svg.one('desc').text).toBe('Nothing was sent or received.');
  expect(svg.all('band')).toEqual([]);
});

test('A message of a million bytes leaves room for one of a single byte, and the drawing says that it is shortened', async () => {
  const pair = new Pair('bsd');
  for (let sent = 0; sent < 20; sent++) pair.send(new Uint8Array(50_000)).receive(50_000);
  pair.send('!', ['f']).receive();
  const svg = await draw(pair.events);
  const last = svg.all('byte').at(-1);
  expect(last && textOf(last)).toBe('!');
  expect(last?.number('data-width')).toBeGreaterThan(20);
  expect(svg.all('shortened').length).toBeGreaterThan(1);
  expect(svg.one('legend').all('key').map(textOf).join()).toContain('shortened');
});

test('A longer stretch is never drawn shorter', async () => {
  const lengths = [1, 2, 3, 4, 5, 6, 50, 100, 1_000, 10_000, 30_000];
  const drawings = await parsed(
    lengths.map((length) => {
      const pair = new Pair().send('A'.repeat(100)).send(new Uint8Array(length)).send('B');
      return drawTimeline(pair.events);
    }),
  );
  const widths = drawings.map((svg) => svg.one('band').all('send')[1]?.one('rect').number('width') ?? NaN);
  expect(widths).toEqual([...widths].sort((a, b) => a - b));
  expect(widths.at(-1)).toBeLessThan(400);
});

test('Names are shortened and many are counted; the title of the call has all of them', async () => {
  const names = Array.from({ length: 253 }, (_, index) => `a rather long name ${index}`);
  const svg = await draw(new Pair().send('A', names).events);
  expect(tags(svg, 'sent')).toEqual(['a rather lo…', 'a rather lo…', 'a rather lo…', 'a rather lo…', '+249']);
  expect(svg.one('band').one('send').one('title').text).toContain(names.join(', '));
});

test('Where only one more could be counted, it is named instead', async () => {
  const svg = await draw(
    new Pair().send('A', ['a', 'b', 'c', 'd', 'e']).send('B', ['a', 'b', 'c', 'd', 'e', 'f']).events,
  );
  expect(tags(svg, 'sent')).toEqual(['a', 'b', 'c', 'd', 'e', 'a', 'b', 'c', 'd', '+2']);
});

test('A long title makes the picture wider', async () => {
  const title = 'All of it arrives, '.repeat(10);
  const svg = await draw(new Pair().send('A').events, { title });
  expect(svg.number('width')).toBeGreaterThan(title.length * svg.one('heading').number('font-size') * 0.6);
});

test('Bytes that are no letters are in hexadecimal', async () => {
  const svg = await draw(new Pair().send(new Uint8Array([0, 32, 65, 127, 255])).events);
  expect(svg.all('byte').map(textOf)).toEqual(['00', '20', 'A', '7f', 'ff']);
});

const AWKWARD = `<b>&amp;"'</b>]]>\u0000\u001b\n\ud800|\udc00\ufffe{漢字}\u{1f40c}`;
const HARMLESS = `<b>&amp;"'</b>]]>\ufffd\ufffd \ufffd|\ufffd\ufffd{漢字}\u{1f40c}`;

test('Any text is drawn as what it is; what XML does not know is replaced', async () => {
  const pair = new Pair().send('<', [AWKWARD]).send('&', ['"x"']).receive();
  const svg = await draw(pair.events, { title: AWKWARD, sockets: { 'socket 2': AWKWARD } });
  expect(svg.one('heading').text).toBe(HARMLESS);
  expect(svg.one('stream').text).toBe(`bytes towards ${HARMLESS}`);
  expect(svg.one('band').attribute('data-stream')).toBe(HARMLESS);
  expect(tags(svg, 'sent')[1]).toBe('"x"');
  expect(svg.all('b')).toEqual([]);
  expect(svg.all('byte').map(textOf)).toEqual(['<', '&']);
});
