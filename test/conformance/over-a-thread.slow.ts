import path from 'node:path';
import { start } from '../support/children';

/*
 * What holds for sockets holds, too, where the addon waits by a thread, as it does in Deno and Bun. It chooses when it is
 * loaded, by what getenv(3) says, and jest loads an addon once in a process: so these are tests of a jest of their own.
 */

const root = path.resolve(__dirname, '../..');
/** Only where it hangs: on a slow machine it takes as long as it takes. */
const HANGS_MS = 3_600_000;
const FOLDERS = ['conformance', 'socket', 'stream', 'rpc', 'workers'];

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly unknown[];
  }[];
}

test(
  'sockets that a thread wakes pass the tests of sockets',
  async () => {
    const args = [
      path.join(root, 'node_modules/jest/bin/jest.js'),
      ...FOLDERS.map((folder) => path.join(root, 'test', folder, '/')),
      ...['--runInBand', '--json'],
      ...['--testPathIgnorePatterns', __filename],
      ...['--setupFilesAfterEnv', path.join(root, 'test/support/waits-by-thread.ts')],
    ];
    const env = { ANCILLARY_POLLER: 'thread' };
    const { stdout } = await start(process.execPath, args, { cwd: root, env, timeout: HANGS_MS }).finished;
    const report = JSON.parse(stdout) as Report;
    expect(report.testResults.map(({ message }) => message).filter((message) => message !== '')).toEqual([]);
    expect(report).toMatchObject({ numFailedTests: 0, numRuntimeErrorTestSuites: 0 });
    for (const folder of FOLDERS) {
      const files = report.testResults.filter(({ name }) => name.startsWith(path.join(root, 'test', folder, '/')));
      expect({ folder, tests: files.flatMap((file) => file.assertionResults).length > 0 }).toEqual({
        folder,
        tests: true,
      });
    }
  },
  2 * HANGS_MS,
);
