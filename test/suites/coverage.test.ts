import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

// docs/suites.md lists the cases of the public suites, and where their counterparts are.

const rows = readFileSync(path.join(__dirname, '../../docs/suites.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, name, tests] = /^\| `([^`]+)` +\| ((?:`|none: ).*\S) +\|$/.exec(line) ?? [];
    return name === undefined || tests === undefined ? [] : [{ name, tests }];
  });
const covered = rows.filter(({ tests }) => !tests.startsWith('none: '));
const files = readdirSync(__dirname).filter((file) => file.endsWith('.test.ts') && file !== path.basename(__filename));

/** The source of a test file without its comments; of linux-out-of-band also its table. */
function titlesIn(tests: string): string {
  const sources = [`${tests}.test.ts`, ...(tests === 'linux-out-of-band' ? ['out-of-band-cases.ts'] : [])];
  return sources
    .map((file) => readFileSync(path.join(__dirname, file), 'utf8').replace(/^\s*\/\/.*$/gm, ''))
    .join('\n');
}

test('there are as many cases as the suites had when they were read', () => {
  // 66 of gVisor, 16 of FreeBSD, 29 of LTP, 30 of Linux.
  expect(rows).toHaveLength(141);
});

test.each(covered)('$name is in $tests', ({ name, tests }) => {
  for (const [, file = ''] of tests.matchAll(/`([^`]+)`/g)) {
    expect(existsSync(path.join(__dirname, `${file}.test.ts`))).toBe(true);
    expect(titlesIn(file)).toMatch(new RegExp(`(?<![\\w-])${name.replaceAll('.', '\\.')}(?![\\w-])`));
  }
});

test.each(files)('%s is listed', (file) => {
  expect(covered.map(({ tests }) => tests).join()).toContain(`\`${file.replace('.test.ts', '')}\``);
});
