import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './project';
import { run } from './run';
import type { Runtime } from './runtimes';

/** The whole jest suite in a Node, over the prebuilt binary of the checkout. Resolves to a line for the report. */
export async function wholeSuite({ name, command, env, home }: Runtime, results: string): Promise<string> {
  const [program = ''] = command;
  const headers = home === undefined ? {} : { npm_config_nodedir: home };
  await run([program, 'node_modules/jest/bin/jest.js', '--ci', '--silent', '--json', '--outputFile', results], {
    cwd: ROOT,
    // Tests that start `node` get the same one. PREBUILDS_ONLY has node-gyp-build pass over build/.
    env: { ...env, ...headers, PREBUILDS_ONLY: '1', PATH: `${path.dirname(program)}:${process.env['PATH'] ?? ''}` },
    timeout: 1_800_000,
  }).catch((error: unknown) => {
    throw new Error(`${name}: ${failures(results)}`, { cause: error });
  });
  const { numPassedTests } = JSON.parse(readFileSync(results, 'utf8')) as { numPassedTests: number };
  return `${numPassedTests} tests passed`;
}

function failures(results: string): string {
  const { testResults } = JSON.parse(readFileSync(results, 'utf8')) as {
    testResults: { name: string; message: string; status: string }[];
  };
  return testResults
    .filter(({ status }) => status === 'failed')
    .map((file) => `${path.relative(ROOT, file.name)}\n${file.message}`)
    .join('\n');
}
