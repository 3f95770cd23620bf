import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { plainProgram } from '../support/plain-javascript';
import { Random } from './random';
import { slopeOf } from './regression';
import type { Figures, Told } from './server';

/*
 * npm run soak -- --minutes N: a server with low limits, and clients of several users (several processes, where this one may
 * not change users) that send right and wrong things and die. Prints the server's figures each minute; fails where it has
 * other descriptors in the end than at the start, where anything came back wrong, or where its memory grows.
 */

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    users: { type: 'string', default: '5' },
    sockets: { type: 'string', default: '8' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const MINUTE_MS = 60_000;
const SAMPLE_MS = 5_000;
const FIRST_UID = 20_001;
const NOISE = 3;

const minutes = Number(values.minutes);
const random = new Random(Number(values.seed));
const mayChangeUsers = process.getuid?.() === 0;
const directory = mkdtempSync(path.join(tmpdir(), 'ancillary-soak-'));
process.env['ANCILLARY_TEST_DIRECTORY'] = directory;
const program = (name: string): string => plainProgram(`test/soak/${name}.ts`, 'test/support');
const address = path.join(directory, 'socket');
const clients = new Set<ChildProcess>();
let ending = false;
let wrong = 0;
let deaths = 0;

function startClient(user: number): void {
  const child = fork(
    program('client'),
    [address, String(random.below(2 ** 31)), values.sockets],
    mayChangeUsers ? { uid: FIRST_UID + user, gid: FIRST_UID + user } : {},
  );
  clients.add(child);
  child.on('exit', (code) => {
    clients.delete(child);
    if (code === 9) wrong++;
    if (ending) return;
    deaths++;
    setTimeout(() => startClient(user), 100);
  });
}

async function ask<Key extends string>(
  server: ChildProcess,
  question: string,
  key: Key,
): Promise<Extract<Told, Record<Key, unknown>>> {
  server.send(question);
  for (;;) {
    const [told] = (await once(server, 'message')) as [Told];
    if (key in told) return told as Extract<Told, Record<Key, unknown>>;
  }
}

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

function line(
  minute: number,
  { rss, heap, heapTotal, external, descriptors, connections, accepted, frames }: Figures,
): string {
  const cells = [
    minute,
    descriptors,
    connections,
    mib(rss),
    mib(heap),
    mib(heapTotal),
    mib(external),
    accepted,
    frames,
  ];
  return `| ${cells.join(' | ')} |`;
}

const show = (slope: number, error: number): string => `${slope.toFixed(1)} (standard error ${error.toFixed(1)})`;

async function main(): Promise<void> {
  chmodSync(directory, 0o755);
  const server = fork(program('server'), [address]);
  const died = once(server, 'exit').then(([code, signal]) => {
    if (!ending) throw new Error(`the server ended with ${String(code ?? signal)}`);
  });
  died.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
  await once(server, 'message');
  for (let user = 0; user < Number(values.users); user++) startClient(user);
  console.log(
    `seed ${values.seed}; ${values.users} ${mayChangeUsers ? 'users' : 'processes of one user'}, ${values.sockets} connections each`,
  );
  console.log('| minute | descriptors | connections | RSS, MiB | heap used | heap | external | accepted | frames |');
  console.log('| -----: | ----------: | ----------: | -------: | --------: | ---: | -------: | -------: | -----: |');
  const samples: [minute: number, rss: number, heap: number][] = [];
  const start = performance.now();
  let printed = 0;
  let last: Figures | undefined;
  while (performance.now() - start < minutes * MINUTE_MS) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    ({ figures: last } = await ask(server, 'figures', 'figures'));
    const at = (performance.now() - start) / MINUTE_MS;
    samples.push([at, last.rss / 1024, last.heapTotal / 1024]);
    if (Math.floor(at) > printed) console.log(line((printed = Math.floor(at)), last));
  }
  ending = true;
  for (const client of clients) client.kill('SIGKILL');
  const { left } = await ask(server, 'end', 'left');
  server.kill();
  console.log(`connections ended with: ${JSON.stringify(last?.ends)}; ${deaths} clients died`);
  const later = samples.filter(([at]) => at > minutes / 3);
  const { slope, error } = slopeOf(later.map(([at, rss]) => [at, rss]));
  const others = slopeOf(later.map(([at, rss, heap]) => [at, rss - heap]));
  console.log(
    `Over the last two thirds, in KiB a minute: RSS ${show(slope, error)}, less V8's heap ${show(others.slope, others.error)}`,
  );
  for (const each of left) console.error(`left open: ${each}`);
  const grows = slope > NOISE * error;
  if (grows) console.error('the memory grows');
  if (wrong > 0) console.error(`${wrong} clients got back something else than they sent`);
  process.exitCode = left.length > 0 || wrong > 0 || grows ? 1 : 0;
}

void main().finally(() => rmSync(directory, { recursive: true, force: true }));
