import { whyMissing } from '../programs.mjs';
import { SECOND } from './processors.mjs';

/** @typedef {import('../rows/row.mjs').Row} Row */
/** @typedef {import('../rows/row.mjs').Sample} Sample */

const LEFT_OUT = 'left out, since it takes two processors and there is one';

/**
 * A run of a contender, and the run of the reference right before it.
 * @typedef {{ reference?: Sample, own: Sample }} Pair
 */

/**
 * What came of a contender: its pairs, one for each round, or why there are none.
 * @typedef {object} Measured
 * @property {string} label
 * @property {string} [version]
 * @property {string} [missing] it is not there, or cannot do this
 * @property {string} [failed] it was there, and did not do what it was to
 * @property {Pair[]} pairs
 */

/**
 * Measures all contenders of a row in turn, round after round, so that whatever else the machine does hits all of them.
 * @param {Row} row
 * @param {import('./tools.mjs').Tools} tools
 * @param {{ rounds: number, scale: number, progress: (text: string) => void }} options
 * @returns {Promise<Measured[]>}
 */
export async function measureRow(row, tools, { rounds, scale, progress }) {
  const measured = row.contenders.map((contender) => prepare(row, contender, tools));
  const roundsHere = Math.min(rounds, row.mostRounds ?? rounds);
  for (let round = 1; round <= roundsHere; round++) {
    for (const [index, contender] of row.contenders.entries()) {
      const result = measured[index];
      if (result === undefined || result.missing !== undefined || result.failed !== undefined) continue;
      progress(`${row.name}: round ${round} of ${roundsHere}, ${contender.label}`);
      try {
        // Nothing can be said of a contender without the reference, whose failure is thus its own here.
        const reference = row.reference && (await row.measure(row.reference, tools, scale));
        const own = await row.measure(contender, tools, scale);
        result.pairs.push(reference === undefined ? { own } : { reference, own });
      } catch (error) {
        result.failed = error instanceof Error ? error.message : String(error);
      }
    }
  }
  progress('');
  return measured;
}

/**
 * @param {Row} row @param {import('../programs.mjs').Contender} contender @param {import('./tools.mjs').Tools} tools
 * @returns {Measured}
 */
function prepare(row, contender, tools) {
  const missing = row.apart && SECOND === undefined ? LEFT_OUT : whyMissing(contender, tools);
  const tool = contender.program.tool(tools);
  return {
    label: contender.label,
    ...('version' in tool ? { version: tool.version } : {}),
    ...(missing === undefined ? {} : { missing }),
    pairs: [],
  };
}
