import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { type Project, ROOT } from './project';
import { run } from './run';
import type { Runtime } from './runtimes';

const BUILT = path.join(ROOT, 'build/Release/ancillary.node');
const KEPT = `${BUILT}.kept`;

const FLAGS = ['--ci', '--silent', '--json', '--testMatch', '**/test/**/*.{test,slow}.ts'];

/** The whole jest suite in a Node, over the binary of the tarball. Resolves to a line for the report. */
export async function wholeSuite(runtime: Runtime, { directory }: Project): Promise<string> {
  const { name, command, env, home } = runtime;
  const [program = ''] = command;
  const results = path.join(directory, `${name}.json`);
  const headers = home === undefined ? {} : { npm_config_nodedir: home };
  renameSync(BUILT, KEPT);
  try {
    // In the place of the checkout's own, from where all tests load it.
    copyFileSync(path.join(directory, `node_modules/ancillary/native/prebuilds/linux-x64/ancillary.glibc.node`), BUILT);
    await run([program, 'node_modules/jest/bin/jest.js', ...FLAGS, '--outputFile', results], {
      cwd: ROOT,
      // Tests that start `node` get the same one.
      env: { ...env, ...headers, PATH: `${path.dirname(program)}:${process.env['PATH'] ?? ''}` },
      timeout: 1_800_000,
    });
  } catch (error) {
    throw new Error(failures(results), { cause: error });
  } finally {
    renameSync(KEPT, BUILT);
  }
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
