import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MODEL, mutate } from '../differential/mutations/mutation';
import { BROKEN_RULES } from './broken-rules';

it.each(BROKEN_RULES.map((rule) => [rule.broken, rule] as const))('%s: the source has that rule, once', (_, rule) => {
  const source = readFileSync(path.join(MODEL, rule.file), 'utf8');
  expect(mutate(source, rule)).not.toBe(source);
});
