import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MUTATIONS } from './mutations/all';
import { BrokenCopy } from './mutations/broken-copy';
import { judge } from './mutations/judge';
import { MODEL, mutate } from './mutations/mutation';

// Three searches, each in a process that compiles the broken model first.
jest.setTimeout(180_000);

const REPOSITORY = path.join(__dirname, '../..');
const all = [...MUTATIONS.values()].flat();

test('what each mutation changes is in the model, once', () => {
  for (const mutation of all) {
    const source = readFileSync(path.join(REPOSITORY, MODEL, mutation.file), 'utf8');
    expect(mutate(source, mutation)).not.toBe(source);
  }
});

test('docs/kernel.md tells what found each of them, and of no others', () => {
  const page = readFileSync(path.join(REPOSITORY, 'docs/kernel.md'), 'utf8');
  const tables = page.slice(page.indexOf('## Breaking each rule'));
  const rows = [...tables.matchAll(/^\| (?<rule>[^|]+) \| (?<broken>[^|]+) \| (?<by>[^|*]+) \|/gm)];
  const told = rows.map(({ groups = {} }) => `${groups['rule']}: ${groups['broken']}`);
  expect(told.filter((each) => !/^(Rule|---): /.test(each))).toEqual(
    all.map(({ rule, broken }) => `${rule}: ${broken}`),
  );
});

test('programs on the running kernel find a model without a barrier, one that delivers all or none, and one that sends without bytes', async () => {
  using copy = new BrokenCopy();
  const broken = [
    'No barrier: a read goes on behind descriptors, and returns those of the last segment',
    'Where not all find a number none is delivered',
    'Descriptors travel without bytes',
  ];
  for (const mutation of all.filter((each) => broken.includes(each.broken))) {
    const verdict = await judge(copy, mutation, { runs: 900, seeds: [1] });
    expect(verdict).toMatchObject({ by: 'differential', difference: { before: expect.any(Array) as unknown } });
    if (verdict.by === 'differential') expect(verdict.difference.before.length).toBeLessThan(9);
  }
  expect.assertions(2 * broken.length);
});
