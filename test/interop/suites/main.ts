/**
 * npm run test:suites [-- NAME [REPOSITORY]]: the own tests of libraries that take our streams, over our streams. A repository is
 * anything that git clones; by default the library's own. It needs dbus-daemon, and installs what the suites need from npm.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../../runtimes/run';
import { dbusNativeSuite } from './dbus-native';
import { dbusNextSuite } from './dbus-next';

/** The library's tests, in a clone of its repository. @returns what came of them @throws when one failed */
export type Suite = (clone: string, directory: string) => Promise<string>;

const suites: Readonly<Record<string, { readonly repository: string; readonly suite: Suite }>> = {
  'dbus-native': { repository: 'https://github.com/sidorares/dbus-native.git', suite: dbusNativeSuite },
  'dbus-next': { repository: 'https://github.com/dbusjs/node-dbus-next.git', suite: dbusNextSuite },
};

async function main([name, from]: readonly string[]): Promise<void> {
  const chosen = Object.entries(suites).filter(([each]) => name === undefined || each === name);
  if (chosen.length === 0) throw new Error(`nothing is called ${name}; there are ${Object.keys(suites).join(' ')}`);
  for (const [each, { repository, suite }] of chosen) {
    const directory = mkdtempSync(path.join(tmpdir(), `ancillary-${each}-`));
    try {
      const clone = path.join(directory, 'clone');
      await run(['git', 'clone', '--quiet', from ?? repository, clone], { cwd: directory });
      console.log(`ok ${each}: ${await suite(clone, directory)}`);
    } catch (error) {
      process.exitCode = 1;
      console.log(`FAILED ${each}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

void main(process.argv.slice(2));
