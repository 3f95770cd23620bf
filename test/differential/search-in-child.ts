import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Found, SearchOptions } from './search';

const REPOSITORY = path.join(__dirname, '../..');

/**
 * A search in a process of its own, where nothing else opens descriptors.
 * @param directory the repository, or a copy of it
 * @param timeout after so many milliseconds it is ended, and this rejects; default: never
 */
export async function searchInChild(options: SearchOptions, directory = REPOSITORY, timeout?: number): Promise<Found> {
  const { kind, runs, seed, maxSteps } = options;
  const args = ['--kind', kind, '--runs', `${runs}`, '--seed', `${seed}`, '--steps', `${maxSteps}`];
  const files = { loader: 'test/support/run-typescript.js', searcher: 'test/differential/searcher.ts' };
  const child = spawn(process.execPath, ['--require', path.join(directory, files.loader), files.searcher, ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(`the search of ${kind} programs ended with ${code ?? signal}`);
  return JSON.parse(output) as Found;
}
