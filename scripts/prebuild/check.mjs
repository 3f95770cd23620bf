/**
 * Before `npm pack`: refuses a package without all its binaries, or with some that are older than their sources. With
 * --present, those that are missing do not matter.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { digest, mark } from './sources.mjs';
import { root, targets } from './targets.mjs';

const present = process.argv.includes('--present');
const wanted = mark(digest());
const problems = targets.flatMap(({ name, file }) => {
  const shown = path.relative(root, file);
  if (!existsSync(file)) return present ? [] : [`${name}: ${shown} is missing`];
  return readFileSync(file).includes(wanted) ? [] : [`${name}: ${shown} was built from other sources`];
});
if (problems.length > 0) {
  console.error(`No package is made without its prebuilt binaries:\n  ${problems.join('\n  ')}\nRun: npm run prebuild`);
  process.exit(1);
}
