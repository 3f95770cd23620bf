import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from '../../runtimes/run';
import { built } from '../../support/built';
import { privateBus } from '../private-bus';

interface Manifest {
  optionalDependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

/**
 * What its tests need. Its own jest is of a time before `node:` modules, and would find no usocket for that: then dbus-next
 * takes a net.Socket, and skips what needs descriptors.
 */
const NEEDED = {
  '@babel/core': '^7.1.5',
  '@babel/plugin-proposal-class-properties': '^7.1.0',
  '@babel/plugin-proposal-decorators': '^7.1.2',
  '@babel/plugin-syntax-bigint': '^7.2.0',
  '@babel/plugin-transform-async-to-generator': '^7.3.4',
  'babel-jest': '^29.7.0',
  jest: '^29.7.0',
};

/** dbus-next's own tests, whose usocket is ours. */
export async function dbusNextSuite(clone: string, directory: string): Promise<string> {
  const shim = path.join(directory, 'usocket');
  mkdirSync(shim);
  writeFileSync(path.join(shim, 'package.json'), JSON.stringify({ name: 'usocket', version: '1.1.0' }));
  writeFileSync(
    path.join(shim, 'index.js'),
    `module.exports = require(${JSON.stringify(path.join(built(), 'usocket'))});`,
  );
  const file = path.join(clone, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  // An override cannot replace what the project itself depends on.
  manifest.optionalDependencies['usocket'] = 'file:../usocket';
  manifest.devDependencies = NEEDED;
  writeFileSync(file, JSON.stringify(manifest));
  rmSync(path.join(clone, 'package-lock.json'), { force: true });
  const install = ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--legacy-peer-deps'];
  await run(install, { cwd: clone, timeout: 300_000 });

  await using bus = await privateBus(directory);
  const jest = path.join(clone, 'node_modules/jest/bin/jest.js');
  const report = path.join(directory, 'report.json');
  const retry = path.join(directory, 'retry.js');
  // Some of its tests give signals a millisecond to come, which on a busy machine is too short now and then.
  writeFileSync(retry, 'jest.retryTimes(5);');
  const options = ['--bail=0', '--forceExit', `--setupFilesAfterEnv=${retry}`, '--json', `--outputFile=${report}`];
  await run([process.execPath, jest, ...options], {
    cwd: clone,
    env: { DBUS_SESSION_BUS_ADDRESS: bus.address },
    timeout: 300_000,
  });
  const { numPassedTests, numTotalTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8')) as {
    numPassedTests: number;
    numTotalTests: number;
    numPendingTests: number;
  };
  // It skips its tests of descriptors where it has no usocket.
  if (numPassedTests !== numTotalTests) throw new Error(`${numPendingTests} of ${numTotalTests} tests were skipped`);
  return `${numPassedTests} of ${numTotalTests} tests passed`;
}
