import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { node, start } from './children';
import { differences, differencesAfterSettling, expectDescriptors, identity, openDescriptors } from './descriptors';

const root = path.resolve(__dirname, '../..');
const soon = { waits: 5 };

describe('the check that runs around every test', () => {
  test('finds nothing when nothing changed', async () => {
    expect(await differencesAfterSettling(openDescriptors())).toEqual([]);
  });

  test('reports a descriptor left open, with its number and its target', async () => {
    const before = openDescriptors();
    const fd = openSync('/dev/zero', 'r');
    try {
      expect(await differencesAfterSettling(before, soon)).toEqual([`+ ${fd} -> /dev/zero   left open`]);
      await expect(expectDescriptors(before, 'this call', soon)).rejects.toThrow(
        `during this call:\n+ ${fd} -> /dev/zero   left open`,
      );
    } finally {
      closeSync(fd);
    }
    await expectDescriptors(before, 'this call');
  });

  test('reports a descriptor closed that was somebody else’s, and a number used again for another file', () => {
    const before = new Map([
      [10, 'socket:[1]'],
      [11, 'socket:[2]'],
      [12, '/dev/null'],
    ]);
    const after = new Map([
      [11, 'socket:[3]'],
      [12, '/dev/null'],
    ]);
    expect(differences(before, after)).toEqual([
      '- 10 -> socket:[1]   closed, and was open before',
      '~ 11 -> socket:[3]   was socket:[2]',
    ]);
  });

  test('waits for descriptors that are being closed', async () => {
    const before = openDescriptors();
    const child = node('');
    expect(differences(before, openDescriptors())).not.toEqual([]);
    await expectDescriptors(before, 'the life of a child');
    expect((await child.finished).code).toBe(0);
  });

  test('fails the test that leaks, also when only its file’s hooks leak, and spares one whose hooks clean up', async () => {
    const jest = start(process.execPath, [
      require.resolve('jest/bin/jest'),
      ...['--config', path.join(root, 'jest.config.js'), '--rootDir', root],
      ...['--testMatch', path.join(__dirname, 'leaking.fixture.ts')],
      ...['--json', '--testTimeout', '10000', '--runInBand'],
    ]);
    const { stdout } = await jest.finished;
    const report = JSON.parse(stdout) as JestReport;
    const [file] = report.testResults;
    expect(file?.assertionResults.map(({ title, status }) => ({ title, status }))).toEqual([
      { title: 'leaks', status: 'failed' },
      { title: 'closes in an afterEach at the top of the file', status: 'passed' },
      { title: 'closes what was not its own', status: 'failed' },
    ]);
    expect(file?.assertionResults[0]?.failureMessages.join()).toMatch(
      /during the test "leaks":\n\+ \d+ -> \/dev\/zero/,
    );
    expect(file?.assertionResults[2]?.failureMessages.join()).toMatch(/- \d+ -> \/dev\/full {3}closed/);
    expect(file?.message).toMatch(/during this test file .*:\n\s*\+ \d+ -> \/dev\/zero/);
  }, 60_000);
});

interface JestReport {
  testResults: {
    message: string;
    assertionResults: { title: string; status: string; failureMessages: string[] }[];
  }[];
}

test('a copy has the identity of its original', () => {
  const fds = ['/dev/zero', '/dev/zero', '/dev/null'].map((file) => openSync(file, 'r'));
  const [zero, again, other] = fds.map(identity);
  for (const fd of fds) closeSync(fd);
  expect(again).toBe(zero);
  expect(other).not.toBe(zero);
});
