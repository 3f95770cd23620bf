// npm run bench [-- --row NAME --json FILE --plot FILE.svg --rounds N]: see --help.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Disturbance } from './measure/disturbance.mjs';
import { describeMachine } from './measure/machine.mjs';
import { measureRow } from './measure/rounds.mjs';
import { makeTools } from './measure/tools.mjs';
import { plot } from './report/plot.mjs';
import { resultOf } from './report/results.mjs';
import { tableOf } from './report/table.mjs';
import { rows } from './rows/index.mjs';

const HELP = `npm run bench [-- OPTIONS]

  --row NAME       only this row, of ${rows.map(({ name }) => name).join(', ')};
                   may be given several times
  --rounds N       rounds, of which the medians are taken; default 7
  --json FILE      writes all that was measured
  --plot FILE.svg  draws it
  --from FILE      measures nothing: draws and prints what --json wrote
  --scale FACTOR   so much of each row's work; less than 1 tells nothing about speed
  --offline        installs nothing: without usocket
  --profile DIR    CPU profiles of ancillary's ends; see bench/profile.mjs

Exits with 1 when ancillary did not do what it was to. A goal that is missed is said, and no failure.
`;

const values = options();

/** @typedef {import('./report/results.mjs').RowResult} RowResult */
/**
 * What --json writes.
 * @typedef {{ machine: ReturnType<typeof describeMachine>, options: { rounds: number, scale: number }, rows: RowResult[] }} Report
 */

for (const [signal, code] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])) {
  process.on(signal, () => {
    console.error(`ended by ${signal}`);
    process.exit(code);
  });
}

if (values.help) console.log(HELP);
else if (values.from !== undefined) print(/** @type {Report} */ (JSON.parse(readFileSync(values.from, 'utf8'))));
else await measure();

async function measure() {
  const rounds = positive('--rounds', values.rounds);
  const scale = positive('--scale', values.scale);
  const wanted = rowsNamed(values.row);
  if (values.profile !== undefined) mkdirSync(values.profile, { recursive: true });
  const tools = await makeTools({ offline: values.offline, profiles: values.profile });
  /** @type {Report} */
  const report = { machine: describeMachine(), options: { rounds, scale }, rows: [] };
  console.log(`${describe(report)}\n`);
  for (const row of wanted) {
    const disturbance = new Disturbance(row.apart ?? false);
    const measured = await measureRow(row, tools, { rounds, scale, progress });
    const result = resultOf(row, measured, disturbance.share());
    report.rows.push(result);
    console.log(tableOf(result, row));
    // After each row, so that what was measured is kept whatever happens later.
    save(report);
  }
  console.log(summary(report));
  if (report.rows.some(failedOurselves)) process.exitCode = 1;
}

/** @param {Report} report */
function print(report) {
  console.log(`${describe(report)}\n`);
  for (const result of report.rows) {
    const row = rows.find(({ name }) => name === result.name);
    if (row !== undefined) console.log(tableOf(result, row));
  }
  console.log(summary(report));
  save(report);
}

/** @param {Report} report */
function save(report) {
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 1)}\n`);
  if (values.plot !== undefined) writeFileSync(values.plot, plot(report));
}

/** @param {Report} report */
function describe({ machine, options }) {
  const { processor, processors, kernel, node, ancillary } = machine;
  const scale = options.scale === 1 ? '' : `; scale ${options.scale}, so NO figure says anything about speed`;
  return (
    `ancillary ${ancillary}, Node ${node}, ${kernel}, ${processors} x ${processor}, both ends on one processor where a row does not say two\n` +
    `columns: program, figure, and that as a multiple of the reference's, which ran right before, with least and most; ` +
    `medians of ${options.rounds} round${options.rounds === 1 ? '' : 's'}\n` +
    `a goal that names another program divides the two multiples, since the machine changes between them${scale}`
  );
}

/** @param {Report} report */
function summary({ rows: results }) {
  const verdicts = results.flatMap(({ goals }) => goals);
  const count = (/** @type {boolean | undefined} */ pass) => verdicts.filter((each) => each.pass === pass).length;
  return `Goals: ${count(true)} reached, ${count(false)} missed, ${count(undefined)} not measured`;
}

/** @param {RowResult} result */
function failedOurselves({ contenders }) {
  return contenders.some(({ label, failed }) => label.startsWith('ancillary') && failed !== undefined);
}

function options() {
  try {
    return parseArgs({
      options: {
        row: { type: 'string', multiple: true },
        rounds: { type: 'string', default: '7' },
        json: { type: 'string' },
        plot: { type: 'string' },
        from: { type: 'string' },
        scale: { type: 'string', default: '1' },
        offline: { type: 'boolean', default: false },
        profile: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return misused(error instanceof Error ? error.message : String(error));
  }
}

/** @param {readonly string[]} [names] */
function rowsNamed(names = rows.map(({ name }) => name)) {
  return names.map((wanted) => {
    const row = rows.find(({ name }) => name === wanted);
    return row ?? misused(`there is no row '${wanted}'`);
  });
}

/** @param {string} option @param {string} text */
function positive(option, text) {
  const value = Number(text);
  return value > 0 ? value : misused(`${option} takes a number above 0, not '${text}'`);
}

/** @param {string} message @returns {never} */
function misused(message) {
  console.error(`${message}\n\n${HELP}`);
  process.exit(2);
}

/** On a terminal each line takes the place of the one before it. @param {string} text */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (text !== '') console.error(text);
}
