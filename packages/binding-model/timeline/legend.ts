import type { BandLayout } from './layout';
import { SMALL, textWidth } from './metrics';
import { element, lines, type Markup } from './svg';

interface Key {
  readonly sign: Markup;
  readonly text: string;
}

const SIGN_WIDTH = 22;
const LINE_HEIGHT = 18;

/** What the signs mean, of those that the drawing has. */
function keysOf(bands: readonly BandLayout[]): Key[] {
  const has = (found: (band: BandLayout) => boolean): boolean => bands.some(found);
  const anchors = has(({ band }) => band.receives.some(({ anchor }) => anchor === 'first-byte')) ? 'first' : 'last';
  const tag = (lost: boolean): Markup =>
    element('g', { class: lost ? 'tag lost' : 'tag' }, element('rect', { x: 2, y: 2, width: 16, height: 12, rx: 6 }));
  const rect = (name: string): Markup => element('rect', { class: name, x: 2, y: 2, width: 16, height: 12, rx: 3 });
  const keys: Key[] = [];
  const add = (wanted: boolean, sign: Markup, text: string): void => {
    if (wanted) keys.push({ sign, text });
  };

  add(
    has(({ segments }) => segments.length > 0),
    rect('segment'),
    'segment',
  );
  add(
    has(({ segments }) => segments.some(({ carriesFds }) => carriesFds)),
    rect('segment carrier'),
    'segment with descriptors',
  );
  const sides = (['sent', 'received'] as const).filter((side) =>
    has(({ pins }) => pins.some((pin) => pin.side === side)),
  );
  const places = sides.map((side) => (side === 'sent' ? 'the first byte sent' : `the ${anchors} byte returned`));
  add(sides.length > 0, tag(false), `descriptors, pinned to ${places.join(' and ')}`);
  add(
    has(({ pins }) => pins.some(({ tags }) => tags.some(({ lost }) => lost))),
    tag(true),
    'lost descriptors',
  );
  add(
    has(({ barriers }) => barriers.length > 0),
    element('path', { class: 'barrier', d: 'M10 2L10 14' }),
    'barrier: descriptors ended the read here',
  );
  add(
    has(({ band }) => band.sends.some(({ start, end, asked }) => end - start < asked)),
    element('g', { class: 'send partial' }, rect('')),
    'took less than it was asked to',
  );
  add(
    has(({ band }) => band.receives.some(({ truncated }) => truncated)),
    element('g', { class: 'receive truncated' }, rect('')),
    'truncated: MSG_CTRUNC',
  );
  add(
    has(({ bytes }) => bytes.some(({ outOfBand }) => outOfBand)),
    element('g', { class: 'out-of-band' }, rect('')),
    'sent out of band: MSG_OOB',
  );
  add(
    has(({ bytes }) => bytes.some(({ passedOver }) => passedOver)),
    element('g', { class: 'passed-over' }, element('path', { d: 'M4 2L16 14' })),
    'never returned',
  );
  add(
    has(({ shortened }) => shortened.length > 0),
    element('g', { class: 'shortened' }, element('path', { d: 'M5 15L9 1' }), element('path', { d: 'M11 15L15 1' })),
    'shortened: so many bytes, drawn as long as their logarithm',
  );
  return keys;
}

/** Sets the keys in lines of that width. */
export function drawLegend(
  bands: readonly BandLayout[],
  x: number,
  y: number,
  width: number,
): { markup: Markup; height: number } {
  let column = 0;
  let line = 0;
  const keys = keysOf(bands).map(({ sign, text }) => {
    const needed = SIGN_WIDTH + textWidth(text, SMALL) + 14;
    if (column > 0 && column + needed > width) {
      column = 0;
      line++;
    }
    const place = `translate(${Math.round(x + column)} ${Math.round(y + line * LINE_HEIGHT)})`;
    column += needed;
    return element(
      'g',
      { class: 'key', transform: place },
      sign,
      element('text', { x: SIGN_WIDTH, y: 12, 'font-size': SMALL }, text),
    );
  });
  return { markup: lines('g', { class: 'legend' }, ...keys), height: keys.length > 0 ? (line + 1) * LINE_HEIGHT : 0 };
}
