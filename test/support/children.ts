import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A child that runs longer hangs: on a slow machine tests take longer, and do not fail. */
const HANGS_MS = 300_000;

export interface ChildOptions {
  /** What the child gets at descriptor 3, 4 … It is duplicated: the caller keeps and closes its own. */
  readonly descriptors?: readonly number[];
  /** Arguments, a socket's path among them. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Standard input; without it the child reads /dev/null. */
  readonly input?: string | Uint8Array;
  /** After so many milliseconds the child is killed and `finished` rejects. Default {@link HANGS_MS}. */
  readonly timeout?: number;
}

export interface ChildResult {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child that has started. `await using` or `finished` ends it; both wait until its pipes are closed. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** The next line of its standard output; rejects when it ends without one. */
  line(): Promise<string>;
  /** How it ended, whatever its exit code; rejects only after the timeout. */
  readonly finished: Promise<ChildResult>;
  /** Its result if it exits with 0; otherwise an error with what it wrote. */
  succeeded(): Promise<ChildResult>;
  kill(signal?: NodeJS.Signals): void;
}

export function python(source: string, options?: ChildOptions): Child {
  return start('python3', ['-c', source], options);
}

export function perl(source: string, options?: ChildOptions): Child {
  return start('perl', ['-e', source], options);
}

/** CommonJS source, run by the Node that runs the tests. */
export function node(source: string, options?: ChildOptions): Child {
  return start(process.execPath, ['-e', source, '--'], options);
}

/** C source with its own main, compiled once in a run of the tests. */
export function c(source: string, options?: ChildOptions): Child {
  return start(compileC(source), [], options);
}

export function start(command: string, fixedArgs: readonly string[], options: ChildOptions = {}): Child {
  const { descriptors = [], args = [], env = {}, cwd, input, timeout = HANGS_MS } = options;
  const child = spawn(command, [...fixedArgs, ...args], {
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...descriptors],
    cwd,
    env: { ...process.env, ...env },
  });
  const lines = new Lines();
  const finished = outcome(child, command, timeout, lines);
  finished.catch(() => undefined); // Whoever awaits it sees the error; a test that failed earlier does not.
  if (child.stdin) {
    child.stdin.on('error', () => undefined); // A child may end without having read its input.
    child.stdin.end(input);
  }
  return {
    pid: child.pid ?? -1,
    line: () => lines.next(),
    finished,
    async succeeded() {
      const result = await finished;
      if (result.code === 0) return result;
      throw new Error(
        `${command} ended with ${result.code ?? result.signal}\nstdout: ${result.stdout}\nstderr: ${result.stderr}`,
      );
    },
    kill(signal = 'SIGKILL') {
      child.kill(signal);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await finished.catch(() => undefined);
    },
  };
}

function outcome(child: ChildProcess, command: string, timeout: number, lines: Lines): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
      // A grandchild may hold the pipes open; the child's own end must still be reported in time.
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, timeout);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      lines.push(text);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      lines.end(error);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const output = `\nstdout: ${stdout}\nstderr: ${stderr}`;
      lines.end(new Error(`${command} ended with ${code ?? signal} before it wrote another line${output}`));
      if (late) reject(new Error(`${command} was still running after ${timeout} ms${output}`));
      else resolve({ code, signal, stdout, stderr });
    });
  });
}

/** Splits what arrives into lines and hands them out in order, also to those who asked before a line was there. */
class Lines {
  private partial = '';
  private ended: Error | undefined;
  private readonly ready: string[] = [];
  private readonly waiting: Waiter[] = [];

  push(text: string): void {
    const parts = (this.partial + text).split('\n');
    this.partial = parts.pop() ?? '';
    for (const line of parts) {
      const first = this.waiting.shift();
      if (first) first.resolve(line);
      else this.ready.push(line);
    }
  }

  end(reason: Error): void {
    this.ended = reason;
    for (const each of this.waiting.splice(0)) each.reject(reason);
  }

  next(): Promise<string> {
    const line = this.ready.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }
}

interface Waiter {
  resolve(line: string): void;
  reject(reason: Error): void;
}

/** The path of the compiled program. Programs are named by their source, so each is compiled once in a run. */
export function compileC(source: string, flags: readonly string[] = []): string {
  const name = createHash('sha256')
    .update(JSON.stringify([source, flags]))
    .digest('hex')
    .slice(0, 16);
  const program = path.join(runDirectory(), name);
  if (existsSync(program)) return program;
  // Two workers may compile the same program: each under a name of its own, and renaming is atomic.
  const unfinished = `${program}.${process.pid}`;
  writeFileSync(`${unfinished}.c`, source);
  const gcc = spawnSync(
    'gcc',
    ['-std=gnu11', '-D_GNU_SOURCE', '-O1', '-Wall', '-Werror', ...flags, '-o', unfinished, `${unfinished}.c`],
    { encoding: 'utf8' },
  );
  if (gcc.error) throw gcc.error;
  if (gcc.status !== 0) throw new Error(`gcc failed:\n${gcc.stderr}`);
  renameSync(unfinished, program);
  return program;
}

/** A directory of this run of the tests, removed when the run ends. */
export function runDirectory(): string {
  const directory = process.env['ANCILLARY_TEST_DIRECTORY'];
  if (directory === undefined) throw new Error('Run tests through jest.config.js: its globalSetup makes the directory');
  return directory;
}
