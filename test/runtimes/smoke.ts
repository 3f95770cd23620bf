import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Project } from './project';
import { run } from './run';
import type { Runtime } from './runtimes';

/** The programs of programs/, of README and of docs/, from the installed package. Resolves to a line for the report. */
export async function smoke(runtime: Runtime, project: Project): Promise<string> {
  const options = { cwd: project.directory, env: { ...runtime.env, ANCILLARY_SMOKE: runtime.name } };
  const { stdout } = await run([...runtime.command, path.join(project.directory, 'programs/smoke.mjs')], options);
  const checks = stdout.match(/^ok /gm)?.length ?? 0;
  if (checks === 0 || !stdout.endsWith('0 failed\n')) throw new Error(`${runtime.name}: ${stdout}`);
  await staysAlive(runtime, project);
  const onNode = /(^|-)node-/.test(runtime.name);
  const emulated = runtime.name.startsWith('arm64-');
  const programs = project.programs.filter(
    ({ onNodeOnly, spawns }) => (onNode || !onNodeOnly) && !(emulated && spawns),
  );
  for (const { file } of programs) {
    const { stderr } = await run([...runtime.command, file], options);
    if (stderr !== '') throw new Error(`${runtime.name}: ${path.basename(file)} wrote ${stderr}`);
  }
  return `${checks} checks, ${programs.length} programs of README and docs/, stays alive and ends by itself`;
}

/** A server with nothing else to do is still there after a while, answers, and ends. */
async function staysAlive({ command, env }: Runtime, { directory }: Project): Promise<void> {
  const [program = '', ...args] = command;
  const address = path.join(directory, `alive-${process.pid}`);
  const child = spawn(program, [...args, path.join(directory, 'programs/alive.mjs'), address], {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  const closed = once(child, 'close');
  await once(createInterface(child.stdout), 'line');
  // Long enough for a process to end that nothing keeps.
  await delay(500);
  const client = net.connect(address);
  client.end('hello');
  const answer = await text(client);
  const [code] = (await closed) as [number | null];
  if (answer !== 'you said hello' || code !== 0) throw new Error(`alive.mjs answered ${answer}, ended with ${code}`);
}
