import { drawTimeline } from '../../packages/ancillary/testing';
import { DARK, LIGHT } from '../../packages/binding-model/timeline/style';
import { parsed } from './parsed';
import { Pair } from './programs';

// That everybody can read it: in light and dark, with any viewer, or read out.

const pair = new Pair().send('AAA', ['a']).send('BBB').receive(2).receive();
const source = drawTimeline(pair.events, { title: 'Two messages' });

test('It has a name, and a description that tells every call in words', async () => {
  const [svg] = await parsed([source]);
  expect(svg?.attribute('role')).toBe('img');
  expect(svg?.children.slice(0, 2).map(({ name }) => name)).toEqual(['title', 'desc']);
  expect(svg?.children[0]?.text).toBe('Two messages');
  expect(svg?.children[1]?.text).toBe(
    [
      '1. sendmsg to socket 2 sent 3 bytes at offsets 0 to 2, with the descriptors a on the first byte.',
      '2. sendmsg to socket 2 sent 3 bytes at offsets 3 to 5.',
      '3. recvmsg at socket 2 returned 2 bytes at offsets 0 to 1, with room for 2, with the descriptors a.',
      '4. recvmsg at socket 2 returned 4 bytes at offsets 2 to 5, with room for 1,000.',
    ].join(' '),
  );
});

test('It is whole in itself: no font, script, link or other file', () => {
  expect(source).not.toMatch(/@font-face|@import|url\(|<script|href|<foreignObject|\son\w+=/i);
});

test('Its styles are for itself alone, wherever it stands', () => {
  const style = /<style>([^]*)<\/style>/.exec(source)?.[1] ?? '';
  const selectors = [...style.matchAll(/(?:^|\})\n?([^{}@\n]+)\{/g)].flatMap(([, list]) => list?.split(',') ?? []);
  expect(selectors.length).toBeGreaterThan(20);
  expect(selectors.filter((selector) => !selector.startsWith('.ancillary-timeline '))).toEqual([]);
});

test.each([
  ['light', LIGHT],
  ['dark', DARK],
])('What is written can be read on what is behind it (%s)', (_, palette) => {
  for (const behind of [palette.paper, palette.send[0], palette.receive[0], palette.descriptor[0], palette.lost[0]]) {
    expect(contrast(palette.ink, behind)).toBeGreaterThan(7);
  }
  expect(contrast(palette.muted, palette.paper)).toBeGreaterThan(4.5);
  for (const line of [palette.line, palette.send[1], palette.receive[1], palette.descriptor[1], palette.lost[1]]) {
    expect(contrast(line, palette.paper)).toBeGreaterThan(3);
  }
});

test('It is dark for those who prefer that', () => {
  const [light, dark] = source.split('@media (prefers-color-scheme:dark)');
  expect(light).toContain(LIGHT.paper);
  expect(light).not.toContain(DARK.paper);
  expect(dark).toContain(DARK.paper);
});

/** As in the Web Content Accessibility Guidelines: 1 for the same colour, 21 for black and white. */
function contrast(a: string, b: string): number {
  const [dark = NaN, light = NaN] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = NaN, green = NaN, blue = NaN] = [1, 3, 5].map((index) => {
    const value = parseInt(colour.slice(index, index + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
