import { spread } from '../measure/statistics.mjs';
import { judge } from './judge.mjs';

/** @typedef {import('../measure/statistics.mjs').Spread} Spread */
/** @typedef {import('../measure/rounds.mjs').Measured} Measured */
/** @typedef {import('../rows/row.mjs').Row} Row */

/**
 * A figure over all rounds: as it is, and as a multiple of the reference's in the same round.
 * @typedef {{ unit: string, better: 'more' | 'less', value: Spread, ofReference?: Spread }} FigureResult
 */

/**
 * @typedef {Measured & { figures: Record<string, FigureResult>, loss: import('../measure/verify.mjs').Loss | undefined }} ContenderResult
 */

/**
 * What the JSON has of a row.
 * @typedef {object} RowResult
 * @property {string} name
 * @property {string} title
 * @property {string | undefined} reference the label of what the others are compared with
 * @property {Record<string, Spread>} referenceFigures over all of its runs
 * @property {ContenderResult[]} contenders
 * @property {import('./judge.mjs').Verdict[]} goals
 * @property {number} disturbance how busy the other processors were meanwhile, from 0 to 1
 */

/** @param {Row} row @param {Measured[]} measured @param {number} disturbance @returns {RowResult} */
export function resultOf(row, measured, disturbance) {
  const references = measured.flatMap(({ pairs }) => pairs.flatMap(({ reference }) => reference ?? []));
  /** @type {Record<string, Spread>} */
  const referenceFigures = {};
  for (const name of Object.keys(row.figures)) {
    const values = references.flatMap(({ figures }) => figures[name] ?? []);
    if (values.length > 0) referenceFigures[name] = spread(values);
  }
  return {
    name: row.name,
    title: row.title,
    reference: row.reference?.label,
    referenceFigures,
    contenders: measured.map((each) => ({ ...each, figures: figuresOf(row, each), loss: lossOf(each) })),
    goals: judge(row, measured),
    disturbance,
  };
}

/** @param {Row} row @param {Measured} measured */
function figuresOf(row, { pairs }) {
  /** @type {Record<string, FigureResult>} */
  const results = {};
  for (const [name, { unit, better, absolute = false }] of Object.entries(row.figures)) {
    const values = pairs.flatMap(({ own }) => own.figures[name] ?? []);
    if (values.length === 0) continue;
    const ratios = pairs.flatMap(({ own, reference }) => {
      const [above, below] = [own.figures[name], reference?.figures[name]];
      if (absolute || above === undefined || below === undefined) return [];
      // A figure may be 0 where little was measured.
      return Number.isFinite(above / below) ? above / below : [];
    });
    const ofReference = ratios.length === 0 ? {} : { ofReference: spread(ratios) };
    results[name] = { unit, better, value: spread(values), ...ofReference };
  }
  return results;
}

/** The greatest loss of all rounds. @param {Measured} measured */
function lossOf({ pairs }) {
  const losses = pairs.flatMap(({ own }) => own.loss ?? []);
  return losses.sort((a, b) => b.lost - a.lost)[0];
}
