/** @typedef {import('./results.mjs').RowResult} RowResult */
/** @typedef {import('../measure/statistics.mjs').Spread} Spread */

const LABEL = 30;
const VALUE = 12;

/**
 * A row as text: the programs with their figures, then the goals.
 * @param {RowResult} result @param {import('../rows/row.mjs').Row} row
 */
export function tableOf(result, row) {
  // NaN, or null from a file, where there was no other processor.
  const busy = Number.isFinite(result.disturbance)
    ? `; the other processors were ${(100 * result.disturbance).toFixed(0)} % busy`
    : '';
  const lines = [`${result.title} (${result.name}${busy})`];
  for (const [name, figure] of Object.entries(row.figures)) {
    const several = Object.keys(row.figures).length > 1;
    const head = several ? `  ${name}` : '';
    /** @type {string[]} */
    const block = [];
    const reference = result.referenceFigures[name];
    if (reference !== undefined) {
      block.push(columns(result.reference ?? '', figure.show(reference.median), '1', range(reference, figure.show)));
    }
    for (const { label, figures, missing, failed, loss } of result.contenders) {
      const seen = figures[name];
      const trouble = missing ?? (failed === undefined ? undefined : `FAILED: ${failed.split('\n', 1)[0]}`);
      if (trouble !== undefined) block.push(columns(label, '–', '', trouble));
      else if (seen !== undefined) {
        const { value, ofReference } = seen;
        const spreadOf = ofReference === undefined ? range(value, figure.show) : range(ofReference, plain);
        const times = ofReference === undefined ? '' : plain(ofReference.median);
        block.push(columns(label, figure.show(value.median), times, spreadOf + lossText(loss)));
      }
    }
    if (block.length > 0) lines.push(...(several ? [head] : []), ...block);
  }
  return [...lines, ...result.goals.map(goalLine), ''].join('\n');
}

/** @param {import('./judge.mjs').Verdict} verdict */
function goalLine({ contender, text, value, pass, unmeasured }) {
  const said = unmeasured === undefined ? (pass ? 'reached' : 'missed') : '–';
  const seen = value === undefined ? (unmeasured ?? '') : `${plain(value.median)} (${range(value, plain)})`;
  return `    ${said.padEnd(7)} ${contender}: ${text}: ${seen}`;
}

/** @param {string} label @param {string} value @param {string} times @param {string} rest */
function columns(label, value, times, rest) {
  return `    ${label.padEnd(LABEL)}${value.padStart(VALUE)}${times.padStart(VALUE / 2 + 2)}   ${rest}`.trimEnd();
}

/** @param {Spread} spread @param {(value: number) => string} show */
function range({ min, max }, show) {
  return `${show(min)}–${show(max)}`;
}

/** @param {number} value */
function plain(value) {
  return value.toFixed(value < 10 ? 2 : 1);
}

/** @param {import('../measure/verify.mjs').Loss | undefined} loss */
function lossText(loss) {
  if (loss === undefined) return '';
  return `  lost up to ${loss.lost.toLocaleString('en')} of ${loss.of.toLocaleString('en')} descriptors`;
}
