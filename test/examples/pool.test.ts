import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { until } from '../hostile/until';
import type { Child } from '../support/children';
import { expectOpenIn, openIn, recipe } from './recipe';

// A pool of two workers, which are killed while clients ask, as the recipes do it.

const TOO_MANY = 2_000;

test('the program does what it says', async () => {
  const { stdout, stderr } = await recipe('pool').succeeded();
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^\d+ answers and \d+ broken connections make 200; [3-9]\d* workers\n$/);
});

interface Pool {
  readonly child: Child;
  readonly port: number;
  /** What the parent has open while nobody asks. */
  readonly idle: readonly string[];
}

async function start(): Promise<Pool> {
  const child = recipe('pool', ['0']);
  const port = Number(/^listening on port (\d+)$/.exec(await child.line())?.[1]);
  return { child, port, idle: openIn(child) };
}

/** The pid of the worker that answered; undefined where the connection broke. */
async function ask(port: number): Promise<number | undefined> {
  try {
    const [response] = (await once(http.get({ port, agent: false }), 'response')) as [http.IncomingMessage];
    return Number(await text(response));
  } catch {
    return undefined;
  }
}

/** Asks until both workers have answered, and returns their pids. */
async function bothWorkers(port: number): Promise<number[]> {
  const seen = new Set<number>();
  for (let count = 0; count < TOO_MANY && seen.size < 2; count++) {
    for (const pid of await Promise.all([ask(port), ask(port)])) if (pid !== undefined) seen.add(pid);
  }
  expect(seen.size).toBe(2);
  return [...seen];
}

function isStopped(pid: number): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

test('workers are killed while clients ask: no client waits for ever, and the others are served', async () => {
  const { child, port, idle } = await start();
  await using parent = child;
  await bothWorkers(port);
  const kills = new Set([100, 200, 300]);
  let answers = 0;
  let broken = 0;
  const clients = Array.from({ length: 12 }, async () => {
    for (let asked = 0; asked < 40; asked++) {
      const pid = await ask(port);
      if (pid === undefined) broken++;
      else if (kills.delete(++answers)) process.kill(pid, 'SIGKILL');
    }
  });
  await Promise.all(clients);
  expect(answers + broken).toBe(12 * 40);
  // At most all whom the killed ones had.
  expect(broken).toBeLessThanOrEqual(3 * 12);
  await bothWorkers(port);
  await expectOpenIn(parent, idle);
});

test('what a worker was sent and had not taken when it was killed, another one serves', async () => {
  const { child, port, idle } = await start();
  await using parent = child;
  const pids = await bothWorkers(port);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await until(() => pids.every(isStopped));
  const answers = Array.from({ length: 6 }, () => ask(port));
  await until(() => openIn(parent).length === idle.length + 6);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  const served = await Promise.all(answers);
  expect(served).not.toContain(undefined);
  expect(served.filter((pid) => pid !== undefined && pids.includes(pid))).toEqual([]);
  await bothWorkers(port);
  await expectOpenIn(parent, idle);
});

test('clients that hang up leave nothing open, neither in the parent nor in a worker', async () => {
  const { child, port, idle } = await start();
  await using parent = child;
  const workers = (await bothWorkers(port)).map((pid) => ({ pid }));
  // Idle, a worker has three: its standard output and standard error, which are sockets here, and the one to the parent.
  await Promise.all(workers.map((worker) => until(() => openIn(worker).filter(isSocket).length === 3)));
  const before = workers.map(openIn);
  for (let round = 0; round < 10; round++) {
    for (const request of ['', 'GET / HT', 'no HTTP\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n']) {
      for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
        const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(request);
        socket.resume()[leave]();
        await once(socket, 'close');
      }
    }
  }
  await bothWorkers(port);
  await expectOpenIn(parent, idle);
  for (const [index, worker] of workers.entries()) await expectOpenIn(worker, before[index] ?? []);
});

function isSocket(target: string): boolean {
  return target.startsWith('socket');
}
