import type { BandLayout, Bar, Byte, PlacedPin, Segment } from './layout';
import { BAR_HEIGHT, RULER_HEIGHT, SMALL, STEM, TAG_HEIGHT, TEXT } from './metrics';
import type { Cell } from './scale';
import { element, lines, type Markup } from './svg';
import { grouped, sentenceOf } from './words';

/** Between neighbours that touch. */
const GAP = 1.5;

export function drawBand(layout: BandLayout, x: number, y: number): Markup {
  const { band, rows } = layout;
  return lines(
    'g',
    { class: 'band', 'data-stream': band.stream, transform: `translate(${Math.round(x)} ${Math.round(y)})` },
    element('text', { class: 'stream', x: 0, y: 11, 'font-size': TEXT }, `bytes towards ${band.stream}`),
    ...layout.segments.map((segment) => drawSegment(segment, rows.ruler)),
    ...layout.bytes.map((byte) => drawByte(byte, rows.ruler)),
    ...layout.shortened.map((cell) => drawShortened(cell, rows.ruler)),
    ...layout.pins.map((pin) => drawStem(pin, layout)),
    ...layout.barriers.map((middle) => drawBarrier(middle, layout)),
    ...layout.offsets.map(({ x: middle, text }) =>
      element('text', { class: 'offset', x: middle, y: rows.offsets + 11, 'font-size': SMALL }, text),
    ),
    ...layout.bars.map((bar) => drawBar(bar, bar.event.what === 'sendmsg' ? rows.sends : rows.receives)),
    ...layout.pins.map((pin) => drawTags(pin, layout)),
  );
}

function drawBar({ event, x, width, label }: Bar, y: number): Markup {
  const kind = event.what === 'sendmsg' ? 'send' : 'receive';
  const partial = event.what === 'sendmsg' && event.end - event.start < event.asked;
  const truncated = event.what === 'recvmsg' && event.truncated;
  const classes = [kind, ...(partial ? ['partial'] : []), ...(truncated ? ['truncated'] : [])];
  return element(
    'g',
    { class: classes.join(' '), 'data-number': event.number, 'data-start': event.start, 'data-end': event.end },
    element('title', {}, sentenceOf(event)),
    element('rect', { x: x + GAP, y, width: width - 2 * GAP, height: BAR_HEIGHT, rx: 3 }),
    element('text', { x: x + width / 2, y: y + BAR_HEIGHT / 2 + 4, 'font-size': TEXT }, label),
  );
}

function drawSegment({ start, end, x, width, carriesFds }: Segment, y: number): Markup {
  return element('rect', {
    class: carriesFds ? 'segment carrier' : 'segment',
    'data-start': start,
    'data-end': end,
    x: x + GAP,
    y,
    width: width - 2 * GAP,
    height: RULER_HEIGHT,
    rx: 5,
  });
}

function drawByte({ start, x, width, text, outOfBand, passedOver }: Byte, y: number): Markup {
  const classes = ['byte', ...(outOfBand ? ['out-of-band'] : []), ...(passedOver ? ['passed-over'] : [])];
  const middle = x + width / 2;
  const inset = { x: x + 4, y: y + 3, width: width - 8, height: RULER_HEIGHT - 6, rx: 3 };
  return element(
    'g',
    { class: classes.join(' '), 'data-offset': start, 'data-x': x, 'data-width': width },
    ...(outOfBand ? [element('rect', inset)] : []),
    element('text', { x: middle, y: y + RULER_HEIGHT / 2 + 4, 'font-size': TEXT }, text),
    ...(passedOver ? [element('path', { d: path([x + 5, y + 5], [x + width - 5, y + RULER_HEIGHT - 5]) })] : []),
  );
}

function drawShortened({ start, end, x, width }: Cell, y: number): Markup {
  const cut = (middle: number): Markup =>
    element(
      'g',
      {},
      element('path', { class: 'gap', d: path([middle - 3, y + RULER_HEIGHT + 2], [middle + 3, y - 2]) }),
      element('path', { d: path([middle - 6, y + RULER_HEIGHT + 2], [middle, y - 2]) }),
      element('path', { d: path([middle, y + RULER_HEIGHT + 2], [middle + 6, y - 2]) }),
    );
  return element(
    'g',
    { class: 'shortened', 'data-start': start, 'data-end': end },
    cut(x + 18),
    cut(x + width - 18),
    element('text', { x: x + width / 2, y: y + RULER_HEIGHT / 2 + 4, 'font-size': SMALL }, grouped(end - start)),
  );
}

/** The edge of a stack of tags that is nearest to the ruler, and the edge of the ruler. */
function stemOf({ side }: PlacedPin, { rows }: BandLayout): { tags: number; ruler: number } {
  return side === 'sent'
    ? { tags: rows.ruler - STEM, ruler: rows.ruler }
    : { tags: rows.receivedTags, ruler: rows.offsets };
}

function drawStem(pin: PlacedPin, layout: BandLayout): Markup {
  const { tags, ruler } = stemOf(pin, layout);
  const lost = pin.tags.every((tag) => tag.lost);
  return element('path', { class: lost ? 'stem lost' : 'stem', d: path([pin.x, tags], [pin.x, ruler]) });
}

function drawTags(pin: PlacedPin, layout: BandLayout): Markup {
  const { tags: edge } = stemOf(pin, layout);
  const top = pin.side === 'sent' ? edge - pin.tags.length * TAG_HEIGHT : edge;
  const where = pin.byte === undefined ? {} : { 'data-byte': pin.byte };
  return element(
    'g',
    { class: 'pin', 'data-side': pin.side, 'data-number': pin.number, 'data-x': pin.x, ...where },
    ...pin.tags.map(({ text, lost }, index) => {
      const y = top + index * TAG_HEIGHT;
      return element(
        'g',
        { class: lost ? 'tag lost' : 'tag' },
        element('rect', { x: pin.x - pin.width / 2, y: y + 1, width: pin.width, height: TAG_HEIGHT - 2, rx: 7 }),
        element('text', { x: pin.x, y: y + 11.5, 'font-size': SMALL }, text),
      );
    }),
  );
}

/** Along the ruler and along the windows; between them is an offset to be read. */
function drawBarrier(x: number, { rows }: BandLayout): Markup {
  const alongRuler = path([x, rows.ruler - 5], [x, rows.offsets + 1]);
  const alongWindows = path([x, rows.receivedTags + 1], [x, rows.receives + BAR_HEIGHT + 5]);
  return element('path', { class: 'barrier', 'data-x': x, d: alongRuler + alongWindows });
}

function path(from: readonly [number, number], to: readonly [number, number]): string {
  const at = ([x, y]: readonly [number, number]): string => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
  return `M${at(from)}L${at(to)}`;
}
