import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { savedOnFailure, saveTimeline } from '../support/save-timeline';
import { parsed } from './parsed';
import { Pair } from './programs';

let directory: string;
let written: string[];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'timelines-'));
  written = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  process.env['ANCILLARY_TIMELINES'] = directory;
});

afterEach(() => {
  delete process.env['ANCILLARY_TIMELINES'];
  jest.restoreAllMocks();
  rmSync(directory, { recursive: true });
});

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });

/** Sends a message with a descriptor for each size, and claims what is wrong: that one read returns them all. */
function claimThatOneReadReturnsAll(each: readonly number[], pair: Pair): void {
  for (const [index, size] of each.entries()) pair.send('A'.repeat(size), [`f${index}`]);
  pair.receive();
  const read = pair.events.at(-1);
  expect(read?.end).toBe(each.reduce((sum, size) => sum + size, 0));
}

const SMALLEST = ['1 sendmsg(1) + f0', '2 sendmsg(1) + f1', '3 recvmsg(1,000) = 1 + f0'];

async function savedSteps(): Promise<string[]> {
  const [svg] = await parsed([readFileSync(path.join(directory, 'one-read-returns-all.svg'), 'utf8')]);
  return svg?.all('step').map(({ text }) => text) ?? [];
}

test('A property that fails leaves the picture of its smallest case, and tells where once', async () => {
  const property = fc.property(sizes, (each) => {
    const pair = new Pair();
    savedOnFailure('One read returns all', pair.events, () => claimThatOneReadReturnsAll(each, pair));
  });
  expect(() => fc.assert(property, { seed: 7 })).toThrow('Counterexample: [[1,1]]');
  expect(await savedSteps()).toEqual(SMALLEST);
  expect(written).toEqual([
    `The timeline of a failing case is in ${path.join(directory, 'one-read-returns-all.svg')}\n`,
  ]);
});

test('So does one that is asynchronous', async () => {
  const property = fc.asyncProperty(sizes, async (each) => {
    const pair = new Pair();
    await savedOnFailure('One read returns all', pair.events, async () => {
      await Promise.resolve();
      claimThatOneReadReturnsAll(each, pair);
    });
  });
  await expect(fc.assert(property, { seed: 7 })).rejects.toThrow('Counterexample: [[1,1]]');
  expect(await savedSteps()).toEqual(SMALLEST);
});

test('A case that holds saves nothing, and its result comes back', async () => {
  expect(savedOnFailure('holds', [], () => 1)).toBe(1);
  await expect(savedOnFailure('holds', [], () => Promise.resolve(2))).resolves.toBe(2);
  expect(readdirSync(directory)).toEqual([]);
});

test('Without ANCILLARY_TIMELINES nothing is written', () => {
  delete process.env['ANCILLARY_TIMELINES'];
  expect(saveTimeline([], 'nothing')).toBeUndefined();
  expect(written).toEqual([]);
});

test('The directory is made, and the name may be a sentence', () => {
  process.env['ANCILLARY_TIMELINES'] = path.join(directory, 'new', 'one');
  const file = saveTimeline(new Pair().send('A').events, 'All/of it: “arrives”, in order!');
  expect(file).toBe(path.join(directory, 'new', 'one', 'all-of-it-arrives-in-order-.svg'));
  expect(existsSync(file ?? '')).toBe(true);
});
