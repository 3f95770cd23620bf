/** @typedef {import('../programs.mjs').Contender} Contender */
/** @typedef {import('../measure/tools.mjs').Tools} Tools */

/**
 * Something that is measured.
 * @typedef {object} Figure
 * @property {string} unit
 * @property {'more' | 'less'} better
 * @property {true} [absolute] says something by itself, and is not held against the reference's
 * @property {(value: number) => string} show
 */

/**
 * What one run gives. `loss` stands beside the figures; `detail` is kept in the JSON.
 * @typedef {{ figures: Readonly<Record<string, number>>, loss?: import('../measure/verify.mjs').Loss | undefined, detail?: object }} Sample
 */

/**
 * A row of the table: a work, who does it, and what is measured of it. The first figure is the one that the picture shows.
 * @typedef {object} Row
 * @property {string} name for --row
 * @property {string} title
 * @property {Readonly<Record<string, Figure>>} figures
 * @property {Contender} [reference] run right before each run of a contender, which is compared with it
 * @property {readonly Contender[]} contenders
 * @property {true} [apart] its ends run on two processors; left out where there is one only
 * @property {number} [mostRounds] for rows that take long
 * @property {(contender: Contender, tools: Tools, scale: number) => Promise<Sample>} measure
 */

export {};
