import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default two minutes. */
  readonly timeout?: number;
}

/** Runs a command to its end. @throws with all that it wrote when it fails or does not end */
export async function run(
  [program = '', ...args]: readonly string[],
  { cwd, env = {}, timeout = 120_000 }: RunOptions,
): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  if (code === 0) return { stdout, stderr };
  throw new Error(`${[program, ...args].join(' ')} ended with ${code ?? signal}\n${stdout}\n${stderr}`);
}
