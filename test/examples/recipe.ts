import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../package/npm';
import { addFrameworks, documentedPrograms } from '../package/readme-programs';
import { built } from '../support/built';
import { type Child, runDirectory, start } from '../support/children';
import { openDescriptors } from '../support/descriptors';

/** Counted, and no time measured: on a machine that is busy, the child is late, and so is this. */
const MOST_WAITS = 3000;
const WAIT_MS = 10;

/** Starts a program of docs/ as a user has it: in a file of its own, with the package installed beside it. */
export function recipe(name: string, args: readonly string[] = []): Child {
  built();
  const program = documentedPrograms(root).find((each) => each.name === name);
  if (program === undefined) throw new Error(`There is no program ${name}`);
  const directory = mkdtempSync(path.join(runDirectory(), `${name}-`));
  mkdirSync(path.join(directory, 'node_modules'));
  symlinkSync(root, path.join(directory, 'node_modules', 'ancillary'));
  addFrameworks(root, directory);
  const file = path.join(directory, `${name}.mjs`);
  writeFileSync(file, program.source);
  // Later versions of Node read that file in a thread of its own, and so have it open for a while at any moment.
  return start(process.execPath, [file, ...args], { env: { TMPDIR: directory, NODE_EXTRA_CA_CERTS: '' } });
}

/** A path for a socket that nobody else uses. */
export function socketPath(): string {
  return path.join(mkdtempSync(path.join(runDirectory(), 'at-')), 'socket');
}

/** What a child has open, a line each. Which sockets or pipes they are does not matter: those that come anew are others. */
export function openIn({ pid }: Pick<Child, 'pid'>): string[] {
  return [...openDescriptors(pid).values()].map((target) => target.replace(/\d+/g, 'N')).sort();
}

/** Waits until a child has open what it had before, which takes turns of its event loop; fails where it never does. */
export async function expectOpenIn(child: Pick<Child, 'pid'>, before: readonly string[]): Promise<void> {
  for (let waits = 0; String(openIn(child)) !== String(before) && waits < MOST_WAITS; waits++) await delay(WAIT_MS);
  expect(openIn(child)).toEqual(before);
}
