import type { SendEvent, Stretch, TraceEvent } from '../kernel/trace';
import { type Band, barriers, contains, type Numbered, passedOver } from './band';
import { BAR_HEIGHT, MARGIN, SMALL, TEXT, textWidth } from './metrics';
import { type Pin, pinsOf } from './pins';
import { type Rows, rowsOf } from './rows';
import { type Cell, fittingScale, type Scale } from './scale';
import { byteText, callOf, grouped } from './words';

/** A call, above or below the bytes that it sent or returned. */
export interface Bar {
  readonly event: Numbered<TraceEvent>;
  readonly x: number;
  readonly width: number;
  /** The most that fits. */
  readonly label: string;
}

/** Descriptors, and the middle of the byte they are pinned to. */
export interface PlacedPin extends Pin {
  readonly x: number;
}

export interface Byte extends Cell {
  readonly text: string;
  readonly outOfBand: boolean;
  readonly passedOver: boolean;
}

/** A segment of the kernel, on the ruler. */
export interface Segment extends Stretch {
  readonly x: number;
  readonly width: number;
  readonly carriesFds: boolean;
}

/** Where everything of one stream is: x from the left of the ruler, y from the top of the band. */
export interface BandLayout {
  readonly band: Band;
  readonly width: number;
  readonly height: number;
  readonly rows: Rows;
  readonly bars: readonly Bar[];
  readonly pins: readonly PlacedPin[];
  readonly bytes: readonly Byte[];
  readonly shortened: readonly Cell[];
  readonly segments: readonly Segment[];
  readonly offsets: readonly { readonly x: number; readonly text: string }[];
  readonly barriers: readonly number[];
}

export function layOut(band: Band): BandLayout {
  const unplaced = pinsOf(band);
  const scale = scaleOf(band, unplaced);
  const pins = unplaced.map((pin) => ({ ...pin, x: middleOf(pin, scale) }));
  const rows = rowsOf(pins);
  return {
    band,
    width: scale.width,
    height: rows.receives + BAR_HEIGHT,
    rows,
    bars: [...band.sends, ...inDrawingOrder(band.receives)].map((event) => barOf(event, scale)),
    pins,
    bytes: bytesOf(band, scale),
    shortened: scale.shortened,
    segments: band.sends.flatMap((send) => segmentsOf(send, scale)),
    offsets: offsetsOf(band, scale),
    barriers: barriers(band).map((offset) => scale.between(offset)),
  };
}

/** A byte that was received out of band may lie within what was read around it later. */
function inDrawingOrder(receives: Band['receives']): Band['receives'] {
  return [...receives].sort((a, b) => Number(a.outOfBand) - Number(b.outOfBand));
}

function scaleOf(band: Band, pins: readonly Pin[]): Scale {
  const events = [...band.sends, ...band.receives];
  const edges = [...events, ...band.sends.flatMap(({ segments }) => segments)].flatMap(({ start, end }) => [
    start,
    end,
  ]);
  for (const { end, outOfBand } of band.sends) if (outOfBand) edges.push(end - 1);
  const wide = new Map<number, number>();
  const pointWidths = new Map<number, number>();
  for (const { byte, width, number } of pins) {
    if (byte === undefined) {
      pointWidths.set(number, width + MARGIN);
      continue;
    }
    edges.push(byte, byte + 1);
    wide.set(byte, Math.max(wide.get(byte) ?? 0, width + MARGIN));
  }
  const points = events
    .filter(({ start, end }) => start === end)
    .map(({ start, number }) => ({
      offset: start,
      key: number,
      width: Math.max(textWidth(String(number), TEXT) + 2 * MARGIN, pointWidths.get(number) ?? 0),
    }));
  return fittingScale({ edges: ordered(edges), points, wide });
}

function middleOf({ byte, number }: Pin, scale: Scale): number {
  const { x, width } = byte === undefined ? scale.point(number) : scale.span({ start: byte, end: byte + 1 });
  return x + width / 2;
}

function barOf(event: Numbered<TraceEvent>, scale: Scale): Bar {
  const { x, width } = event.start === event.end ? scale.point(event.number) : scale.span(event);
  const number = String(event.number);
  const fitting = [`${number} ${callOf(event)}`, `${number} ${event.what}`].find(
    (label) => textWidth(label, TEXT) + 2 * MARGIN <= width,
  );
  return { event, x, width, label: fitting ?? number };
}

function bytesOf(band: Band, scale: Scale): Byte[] {
  const { sends } = band;
  const gaps = passedOver(band);
  let index = 0;
  return scale.bytes.map((cell) => {
    while (index < sends.length - 1 && (sends[index]?.end ?? 0) <= cell.start) index++;
    const send = sends[index];
    const value = send?.bytes[cell.start - send.start];
    return {
      ...cell,
      text: value === undefined ? '' : byteText(value),
      outOfBand: send?.outOfBand === true && cell.end === send.end,
      passedOver: gaps.some((gap) => contains(gap, cell.start)),
    };
  });
}

function segmentsOf({ segments, fds }: SendEvent, scale: Scale): Segment[] {
  return segments.map((segment, index) => ({
    ...segment,
    ...scale.span(segment),
    carriesFds: index === 0 && fds.length > 0,
  }));
}

/** Where calls and segments begin and end, as far as there is room. */
function offsetsOf({ sends, receives }: Band, scale: Scale): { x: number; text: string }[] {
  const stretches = [...sends, ...receives, ...sends.flatMap(({ segments }) => segments)];
  const offsets: { x: number; text: string }[] = [];
  let free = -Infinity;
  for (const edge of ordered(stretches.flatMap(({ start, end }) => [start, end]))) {
    const text = grouped(edge);
    const half = textWidth(text, SMALL) / 2;
    const x = Math.min(Math.max(scale.between(edge), half), Math.max(half, scale.width - half));
    if (x - half < free) continue;
    offsets.push({ x, text });
    free = x + half + 4;
  }
  return offsets;
}

function ordered(offsets: readonly number[]): number[] {
  return [...new Set(offsets)].sort((a, b) => a - b);
}
