import { rows } from '../rows/index.mjs';

/** @typedef {import('./results.mjs').RowResult} RowResult */
/** @typedef {import('./results.mjs').ContenderResult} ContenderResult */
/** @typedef {import('../measure/statistics.mjs').Spread} Spread */

const WIDTH = 880;
const MARGIN = 24;
const BARS_AT = 230;
const BARS_WIDTH = 430;
const LINE = 22;
const BAR = 14;
const ROW_GAP = 22;

const STYLE = `
  svg { font: 13px system-ui, sans-serif; }
  .ground { fill: #ffffff; stroke: #d0d7de; }
  text { fill: #1f2328; }
  .title { font-weight: 600; }
  .quiet { fill: #59636e; }
  .label { text-anchor: end; }
  .bar { fill: #a8b1bb; }
  .own { fill: #2f6feb; }
  .spread { stroke: #1f2328; stroke-width: 1; opacity: 0.7; }
  .goal { stroke: #1a7f37; stroke-width: 2.5; }
  .missed { stroke: #d1242f; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .bar { fill: #59636e; }
    .own { fill: #4c8dff; }
    .spread { stroke: #f0f6fc; }
    .goal { stroke: #3fb950; }
    .missed { stroke: #f85149; }
  }`;

/** What is drawn of a contender: a length, where it varied between, and what is written beside it. */
/** @typedef {{ label: string, own: boolean, bar: Spread, text: string }} Bar */

/**
 * A picture of a report: the first figure of each row, as a multiple of the row's reference where there is one. Goals are
 * drawn as ticks, green where they are reached.
 * @param {{ machine: { node: string, kernel: string, processor: string }, rows: readonly RowResult[] }} report
 * @returns {string} SVG, readable on light ground and on dark
 */
export function plot({ machine, rows: results }) {
  let y = MARGIN + LINE;
  /** @type {string[]} */
  const drawn = [];
  for (const result of results) {
    const block = drawRow(result, y);
    drawn.push(...block.elements);
    y = block.end + ROW_GAP;
  }
  const height = y + 2 * LINE;
  const apart = rows.some((row) => row.apart && results.some(({ name }) => name === row.name));
  const ends = `both ends on one processor${apart ? ' where a row does not say two' : ''}`;
  const ground = `Node ${machine.node}, ${machine.kernel}, ${machine.processor}, ${ends}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    ...drawn,
    text(MARGIN, y, 'quiet', 'Bars: medians, with least and most. Ticks: goals, red where they are missed.'),
    text(MARGIN, y + LINE, 'quiet', ground),
    '</svg>\n',
  ].join('\n');
}

/** @param {RowResult} result @param {number} top */
function drawRow(result, top) {
  const [name = '', figure] = Object.entries(rows.find((row) => row.name === result.name)?.figures ?? {})[0] ?? [];
  const show = figure?.show ?? String;
  const better = figure?.better === 'less' ? 'less is better' : 'more is better';
  const bars = barsOf(result, name, show);
  const most = Math.max(...bars.map(({ bar }) => bar.max), ...goalsOf(result, name).map(({ at }) => at));
  const x = (/** @type {number} */ value) => round(BARS_AT + (Math.max(0, value) / most) * BARS_WIDTH);
  const elements = [
    text(MARGIN, top, 'title', result.title),
    `<text class="quiet label" x="${WIDTH - MARGIN}" y="${top}">${better}</text>`,
  ];
  let y = top + 8;
  for (const { label, own, bar, text: beside } of bars) {
    const middle = y + LINE / 2;
    elements.push(
      text(BARS_AT - 10, middle + 4, 'label', label),
      `<rect class="bar${own ? ' own' : ''}" x="${BARS_AT}" y="${middle - BAR / 2}" width="${round(x(bar.median) - BARS_AT)}" height="${BAR}" rx="2"/>`,
      line('spread', x(bar.min), middle, x(bar.max), middle),
      text(
        Math.max(x(bar.max), ...goalsOf(result, name, label).map(({ at }) => x(at))) + 8,
        middle + 4,
        'quiet',
        beside,
      ),
    );
    for (const { at, pass } of goalsOf(result, name, label)) {
      elements.push(line(pass ? 'goal' : 'goal missed', x(at), y + 1, x(at), y + LINE - 1));
    }
    y += LINE;
  }
  for (const { label, missing, failed } of result.contenders) {
    if (missing === undefined && failed === undefined) continue;
    elements.push(
      text(BARS_AT - 10, y + 15, 'label quiet', label),
      text(BARS_AT, y + 15, 'quiet', missing ?? 'failed'),
    );
    y += LINE;
  }
  return { elements, end: y + 8 };
}

/** @param {RowResult} result @param {string} name @param {(value: number) => string} show @returns {Bar[]} */
function barsOf(result, name, show) {
  const value = result.referenceFigures[name];
  const one = { median: 1, min: 1, max: 1 };
  const reference =
    value === undefined || result.reference === undefined
      ? []
      : [{ label: result.reference, own: false, bar: one, text: show(value.median) }];
  const others = result.contenders.flatMap(({ label, figures }) => {
    const figure = figures[name];
    if (figure === undefined) return [];
    const times = figure.ofReference === undefined ? '' : `, ${figure.ofReference.median.toFixed(2)} x`;
    // With a reference all bars are multiples of its own.
    const bar = reference.length > 0 ? figure.ofReference : figure.value;
    if (bar === undefined) return [];
    return { label, own: label.startsWith('ancillary'), bar, text: `${show(figure.value.median)}${times}` };
  });
  return [...reference, ...others];
}

/**
 * Goals for a figure, as places on the bars' scale.
 * @param {RowResult} result @param {string} name @param {string} [label] of one contender
 */
function goalsOf(result, name, label) {
  return result.goals.flatMap(({ contender, figure, of, atLeast, atMost, pass }) => {
    if (figure !== name || pass === undefined || (label !== undefined && contender !== label)) return [];
    const bound = atLeast ?? atMost ?? NaN;
    const other = result.contenders.find((each) => each.label === of)?.figures[name];
    return { at: bound * (other?.ofReference ?? other?.value ?? { median: 1 }).median, pass };
  });
}

/** @param {number} x @param {number} y @param {string} kind @param {string} content */
function text(x, y, kind, content) {
  const escaped = content.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<text class="${kind}" x="${round(x)}" y="${y}">${escaped}</text>`;
}

/** @param {string} kind @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
function line(kind, x1, y1, x2, y2) {
  return `<line class="${kind}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
