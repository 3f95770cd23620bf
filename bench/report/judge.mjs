import { goals } from '../goals.mjs';
import { spread } from '../measure/statistics.mjs';

/** @typedef {import('../goals.mjs').Goal} Goal */
/** @typedef {import('../measure/rounds.mjs').Measured} Measured */

/**
 * A goal and what came of it; `unmeasured` says why there is no value.
 * @typedef {Goal & { text: string, value?: import('../measure/statistics.mjs').Spread, pass?: boolean, unmeasured?: string }} Verdict
 */

/**
 * @param {import('../rows/row.mjs').Row} row @param {readonly Measured[]} measured
 * @returns {Verdict[]}
 */
export function judge(row, measured) {
  return goals.filter((goal) => goal.row === row.name).map((goal) => verdict(goal, row.reference?.label, measured));
}

/** @param {Goal} goal @param {string | undefined} reference @param {readonly Measured[]} measured @returns {Verdict} */
function verdict(goal, reference, measured) {
  const { atLeast, atMost, of } = goal;
  const bound = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`;
  const text = `${goal.figure} ${bound}${of === undefined ? '' : ` x ${of}`}`;
  const own = measured.find(({ label }) => label === goal.contender);
  const other = of === undefined || of === reference ? undefined : measured.find(({ label }) => label === of);
  const unmeasured = [own, other].flatMap((each) => (each === undefined ? [] : whyUnmeasured(each)))[0];
  if (unmeasured !== undefined) return { ...goal, text, unmeasured };

  const values = (own?.pairs ?? []).map((pair, round) => {
    if (of === undefined) return pair.own.figures[goal.figure];
    if (other === undefined) return ratio(pair.own, pair.reference, goal.figure);
    // Both are held against the reference right before them, since the machine may have changed between the two.
    const against = other.pairs[round];
    return ratio(pair.own, pair.reference, goal.figure) / ratio(against?.own, against?.reference, goal.figure);
  });
  const finite = values.flatMap((each) => (Number.isFinite(each) ? (each ?? []) : []));
  if (finite.length === 0) return { ...goal, text, unmeasured: 'too little was measured for a ratio' };
  const value = spread(finite);
  const pass = value.median >= (atLeast ?? -Infinity) && value.median <= (atMost ?? Infinity);
  return { ...goal, text, value, pass };
}

/** @param {Measured} measured */
function whyUnmeasured({ label, missing, failed }) {
  const why = missing ?? (failed === undefined ? undefined : 'failed');
  return why === undefined ? [] : [`${label}: ${why}`];
}

/**
 * @param {import('../rows/row.mjs').Sample | undefined} above @param {import('../rows/row.mjs').Sample | undefined} below
 * @param {string} figure
 */
function ratio(above, below, figure) {
  return (above?.figures[figure] ?? NaN) / (below?.figures[figure] ?? NaN);
}
