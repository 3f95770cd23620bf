import { invalidType } from '../kernel/argument-errors';
import type { TraceEvent } from '../kernel/trace';
import { bandsOf } from './band';
import { drawBand } from './draw-band';
import { layOut } from './layout';
import { drawLegend } from './legend';
import { TEXT, textWidth } from './metrics';
import { Steps } from './steps';
import { STYLE } from './style';
import { element, lines, type Markup } from './svg';
import { sentenceOf } from './words';

export interface TimelineOptions {
  /** The heading. */
  readonly title?: string | undefined;
  /** What to call the sockets that received, by the names they have in the events. */
  readonly sockets?: Readonly<Record<string, string>> | undefined;
}

const PADDING = 16;
const BETWEEN_BANDS = 26;
const HEADING_HEIGHT = 24;
const STEP_HEIGHT = 17;
const LEAST_WIDTH = 560;

/**
 * Draws what happened on streams of the kernel's model, as SVG. Each stream is a ruler of its bytes: above it is what
 * was sent, below it what was received, and descriptors are pinned to the bytes they came with. The same events give
 * the same text. It brings its own background, dark where the reader prefers that. Bytes that nothing begins or ends at
 * are shortened when there are many; calls never are, so a long timeline makes a wide picture. Faults of a model socket
 * pair, and reads that its seed made small, show in what the calls were given and took, and not by themselves.
 *
 * @param events as `trace` of a `KernelModel` got them, or `timeline` of a `ModelWorld`; from any of them on
 */
export function drawTimeline(events: readonly TraceEvent[], options: TimelineOptions = {}): string {
  requireEvents(events);
  const { title = 'Timeline', sockets = {} } = options;
  const numbered = events.map((event, index) => ({
    ...event,
    number: index + 1,
    stream: sockets[event.stream] ?? event.stream,
  }));
  const bands = bandsOf(numbered).map(layOut);
  const steps = new Steps(numbered, bands.length);
  const widest = Math.max(LEAST_WIDTH, textWidth(title, TEXT + 2), ...bands.map((band) => band.width), steps.width);
  const drawn: Markup[] = [];
  let y = PADDING + HEADING_HEIGHT;
  for (const band of bands) {
    drawn.push(drawBand(band, PADDING, y));
    y += band.height + BETWEEN_BANDS;
  }
  if (bands.length > 0) {
    drawn.push(steps.draw(PADDING, y, widest));
    y += steps.height(widest) + STEP_HEIGHT / 2;
  }
  const legend = drawLegend(bands, PADDING, y, widest);
  const width = Math.ceil(widest) + 2 * PADDING;
  const height = Math.ceil(y + legend.height) + PADDING / 2;
  const svg = lines(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'ancillary-timeline',
      role: 'img',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
    },
    element('title', {}, title),
    element('desc', {}, numbered.length > 0 ? numbered.map(sentenceOf).join(' ') : 'Nothing was sent or received.'),
    { markup: `<style>\n${STYLE}\n</style>` },
    element('rect', { class: 'paper', x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 8 }),
    element('text', { class: 'heading', x: PADDING, y: PADDING + 8, 'font-size': TEXT + 2 }, title),
    ...drawn,
    legend.markup,
  );
  return `${svg.markup}\n`;
}

function requireEvents(events: unknown): void {
  if (Array.isArray(events) && events.every(isEvent)) return;
  throw invalidType(
    'drawTimeline() takes a list of events: world.timeline of a model socket pair, or what trace of a KernelModel got',
  );
}

function isEvent(event: unknown): boolean {
  return typeof event === 'object' && event !== null && 'what' in event && /^(send|recv)msg$/.test(String(event.what));
}
