import { execFileSync } from 'node:child_process';
import { BrokenCopy } from '../differential/mutations/broken-copy';
import { BROKEN_RULES } from './broken-rules';

const MILLISECONDS = 300_000;

/** The world in which the first schedule fails, what is wrong there, and by which steps. */
function firstFailure(directory: string): string | undefined {
  const args = ['--require', './test/support/run-typescript.js', 'test/schedules/first-failure.ts'];
  const output = execFileSync(process.execPath, args, { cwd: directory, encoding: 'utf8', timeout: MILLISECONDS });
  if (output === '') return undefined;
  const { world, what, story } = JSON.parse(output) as { world: string; what: string; story: string[] };
  return [world, what, ...story].join('\n  ');
}

async function main(): Promise<void> {
  using copy = new BrokenCopy();
  let survived = 0;
  for (const rule of BROKEN_RULES) {
    const found = await copy.whileBroken(rule, () => Promise.resolve(firstFailure(copy.directory)));
    if (found === undefined) survived++;
    console.log(`${rule.file.replace('../../stream/', '')}: ${rule.broken}\n  ${found ?? 'NOTHING FAILS'}`);
  }
  if (survived > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
