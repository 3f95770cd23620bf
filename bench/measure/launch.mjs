import { spawn } from 'node:child_process';
import { PROCESSOR } from './processors.mjs';

const MOST_OUTPUT = 1_000_000;

/** Process groups that are running, to be killed should this process end before them. @type {Set<number>} */
const running = new Set();
process.on('exit', () => {
  for (const group of running) killGroup(group);
});

/**
 * Runs a command on the first processor, where it does not ask for another, and returns what it printed. It is a process
 * group of its own, and whatever is left of that in the end is killed.
 * @param {readonly string[]} command
 * @param {{ timeout: number, env?: Readonly<Record<string, string>> }} options milliseconds
 * @returns {Promise<string>}
 * @throws Error with what it wrote when it fails, or is not done in time
 */
export function runPinned(command, { timeout, env = {} }) {
  return new Promise((resolve, reject) => {
    const child = spawn('taskset', ['-c', PROCESSOR, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, ...env },
    });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    let stdout = '';
    let stderr = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (pid !== undefined) killGroup(pid);
    }, timeout);
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout = (stdout + text).slice(-MOST_OUTPUT)));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-MOST_OUTPUT)));
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    // What outlives its launcher may hold the pipes open.
    child.on('exit', () => {
      if (pid !== undefined) killGroup(pid);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (pid !== undefined) running.delete(pid);
      if (code === 0) resolve(stdout);
      else
        reject(
          new Error(`${late ? `not done after ${timeout} ms` : `ended with ${code ?? signal}`}\n${stderr}`.trim()),
        );
    });
  });
}

/** @param {number} group */
function killGroup(group) {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}
