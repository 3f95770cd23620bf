export interface Palette {
  readonly paper: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  /** Fill and edge. */
  readonly send: readonly [string, string];
  readonly receive: readonly [string, string];
  readonly descriptor: readonly [string, string];
  readonly lost: readonly [string, string];
}

export const LIGHT: Palette = {
  paper: '#ffffff',
  ink: '#1f2328',
  muted: '#59636e',
  line: '#818b98',
  send: ['#ddf4ff', '#0969da'],
  receive: ['#dafbe1', '#1a7f37'],
  descriptor: ['#fff1d6', '#9a6700'],
  lost: ['#ffebe9', '#cf222e'],
};

export const DARK: Palette = {
  paper: '#0d1117',
  ink: '#e6edf3',
  muted: '#9ea7b1',
  line: '#6e7681',
  send: ['#0f2a4a', '#58a6ff'],
  receive: ['#0f3320', '#3fb950'],
  descriptor: ['#3a2a08', '#d29922'],
  lost: ['#45191c', '#ff7b72'],
};

/** Everything is under the drawing's own class: a drawing may stand in a page that has styles of its own. */
const ROOT = '.ancillary-timeline';

/** Rules for both, since few programs that show pictures know variables of CSS. */
export const STYLE = [
  `${ROOT} text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;text-anchor:middle;stroke:none}`,
  `${ROOT} .stream,${ROOT} .step,${ROOT} .heading,${ROOT} .key text{text-anchor:start}`,
  `${ROOT} .heading{font-weight:bold}`,
  `${ROOT} rect,${ROOT} path{stroke-width:1.2}`,
  `${ROOT} .segment,${ROOT} .out-of-band rect,${ROOT} .paper,${ROOT} path{fill:none}`,
  `${ROOT} .carrier{stroke-width:2}`,
  `${ROOT} .truncated rect,${ROOT} .partial rect,${ROOT} .out-of-band rect{stroke-dasharray:4 2.5}`,
  `${ROOT} .gap{stroke-width:6}`,
  `${ROOT} .barrier{stroke-width:3.5;stroke-linecap:round}`,
  `${ROOT} .offset{paint-order:stroke;stroke-width:3}`,
  ...colours(LIGHT),
  `@media (prefers-color-scheme:dark){`,
  ...colours(DARK),
  `}`,
].join('\n');

function colours({ paper, ink, muted, line, send, receive, descriptor, lost }: Palette): string[] {
  const filled = (selector: string, [fill, stroke]: readonly [string, string]): string =>
    `${ROOT} ${selector} rect{fill:${fill};stroke:${stroke}}`;
  return [
    `${ROOT} .paper{fill:${paper};stroke:${line}}`,
    `${ROOT} text{fill:${ink}}`,
    `${ROOT} .stream,${ROOT} .offset,${ROOT} .shortened text,${ROOT} .key text{fill:${muted}}`,
    `${ROOT} .offset,${ROOT} .gap{stroke:${paper}}`,
    `${ROOT} .segment,${ROOT} .shortened path:not(.gap){stroke:${line}}`,
    filled('.send', send),
    filled('.receive', receive),
    filled('.tag', descriptor),
    filled('.tag.lost', lost),
    `${ROOT} .stem,${ROOT} .carrier{stroke:${descriptor[1]}}`,
    `${ROOT} .stem.lost,${ROOT} .truncated rect,${ROOT} .passed-over path{stroke:${lost[1]}}`,
    `${ROOT} .out-of-band rect{stroke:${muted}}`,
    `${ROOT} .barrier{stroke:${ink}}`,
  ];
}
