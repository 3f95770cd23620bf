import { mkdtempSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { runDirectory, start } from '../support/children';

const RUN = path.resolve(__dirname, '../../bench/run.mjs');
/** So little of each row's work that it takes moments. */
const SCALE = '0.002';
const TIMEOUT_MS = 600_000;

const ROWS = [
  'fd-frames',
  'fd-frames-pushed',
  'fd-frames-apart',
  'fd-bundles',
  'bytes',
  'bytes-apart',
  'small-frames',
  'delimited',
  'dbus',
  'round-trip',
  'rpc-calls',
  'connections',
  'connections-burst',
  'idle',
  'large-frame',
  'growth-frames',
  'growth-connections',
  'import',
];
/** What a machine with one processor leaves out. */
const ROWS_OF_TWO = ['fd-frames-apart', 'bytes-apart'];
const ROWS_HERE = ROWS.filter((name) => availableParallelism() > 1 || !ROWS_OF_TWO.includes(name));
/** What a machine, or this version, may lack. */
const MAY_BE_MISSING = ['Go', 'usocket', 'a bare addon', 'ancillary, forEachFrame', 'ancillary, onread'];

interface Sample {
  figures: Record<string, number | null>;
}
interface Contender {
  label: string;
  missing?: string;
  failed?: string;
  pairs: { reference?: Sample; own: Sample }[];
}
interface Row {
  name: string;
  reference?: string;
  contenders: Contender[];
  goals: { contender: string; value?: object; unmeasured?: string }[];
}

let report: { machine: Record<string, unknown>; rows: Row[] };
let printed: string;
let picture: string;

beforeAll(async () => {
  const directory = mkdtempSync(path.join(runDirectory(), 'bench-'));
  const json = path.join(directory, 'bench.json');
  const svg = path.join(directory, 'bench.svg');
  const options = ['--scale', SCALE, '--rounds', '1', '--offline', '--json', json, '--plot', svg];
  const run = start(process.execPath, [RUN, ...options], { timeout: TIMEOUT_MS });
  printed = (await run.succeeded()).stdout;
  report = JSON.parse(readFileSync(json, 'utf8')) as typeof report;
  picture = readFileSync(svg, 'utf8');
}, TIMEOUT_MS);

it('measures every row, and says on what', () => {
  expect(report.rows.map(({ name }) => name)).toEqual(ROWS);
  expect(report.machine).toMatchObject({ node: process.version, processor: expect.any(String) as string });
});

it.each(ROWS_HERE)('%s: whoever is there did all of its work, and what is not there is said', (name) => {
  const { reference, contenders = [] } = report.rows.find((row) => row.name === name) ?? {};
  for (const { label, missing, failed, pairs } of contenders) {
    expect([label, failed]).toEqual([label, undefined]);
    if (missing !== undefined) expect(MAY_BE_MISSING).toContain(label);
    expect([label, pairs.length]).toEqual([label, missing === undefined ? 1 : 0]);
    for (const { reference: before, own } of pairs) {
      expect(before !== undefined).toBe(reference !== undefined);
      // JSON has no NaN: null is what was not measured.
      for (const figure of Object.values(own.figures)) expect(figure).not.toBeNull();
    }
  }
  expect(contenders.some(({ pairs }) => pairs.length > 0)).toBe(true);
});

it.each(ROWS_OF_TWO)(
  '%s: is left out, and that is said, where there is one processor only',
  async (name) => {
    const options = ['--row', name, '--scale', SCALE, '--rounds', '1', '--offline'];
    const run = start('taskset', ['-c', '0', process.execPath, RUN, ...options], { timeout: TIMEOUT_MS });
    const { stdout } = await run.succeeded();
    expect(stdout).toMatch(/ancillary, .* – +left out, since it takes two processors and there is one\n/);
  },
  TIMEOUT_MS,
);

it('judges each goal, or says why it cannot', () => {
  const goals = report.rows.flatMap((row) => row.goals);
  expect(goals.length).toBeGreaterThan(20);
  for (const goal of goals) expect(goal.value !== undefined || goal.unmeasured !== undefined).toBe(true);
  for (const { contender } of goals) expect(printed).toContain(contender);
});

it('draws every row, on light ground and on dark', () => {
  expect(picture).toMatch(/^<svg [^]*prefers-color-scheme: dark[^]*<\/svg>\n$/);
  expect(picture.match(/class="title"/g)).toHaveLength(ROWS.length);
  expect(picture).not.toContain('NaN');
});
