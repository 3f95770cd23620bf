import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fds } from '../../../packages/ancillary';
import { built } from '../../support/built';
import { type Child, python, start } from '../../support/children';
import { HONEST, HOSTILE, SERVER } from './programs';

/** Who attacks which server. */
export interface Attack {
  /** How many descriptors the server may have open. */
  readonly limit: number;
  /** Whether the kernel counts what the server has in flight (docs/kernel.md 20). */
  readonly counted: boolean;
  readonly quota: boolean;
  /** As many users, of whom each has as many connections that ask and never read. */
  readonly users: number;
  readonly connections: number;
}

/** What became of the calls of a round. */
export interface Round {
  readonly answered: number;
  readonly failures: readonly string[];
  /** Milliseconds that one took. */
  readonly median: number;
}

/** Rounds of honest clients: before the attack, while it begins, and when the attackers can do nothing more. */
export interface Outcome {
  readonly calm: Round;
  readonly beginning: Round;
  readonly old: Round;
  readonly fresh: Round;
}

export const CLIENTS = 5;
export const CALLS = 40;

/** Longer than any answer takes, on however slow a machine; and long enough to say that there is none. */
const LONG_MS = 120_000;
const SHORT_MS = 5_000;
const UNPRIVILEGED = 65_534;
const HONEST_USER = 31_000;
const FIRST_HOSTILE_USER = 31_001;

/** Has 5 honest clients call README's server while it is attacked. All of them are processes of users of their own. */
export async function underAttack(attack: Attack): Promise<Outcome> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ancillary-attack-'));
  fs.chmodSync(directory, 0o777);
  const where = path.join(directory, 'socket');
  const [questions, ask] = fds.pipe();
  const [begin, begun] = fds.pipe();
  const children: Child[] = [];
  const started = (child: Child): Child => {
    children.push(child);
    return child;
  };
  try {
    await started(startServer(where, attack)).line();
    const honest = started(startHonest(where, questions.fd, attack));
    await honest.line();
    const round = async (fresh: boolean): Promise<Round> => {
      fs.writeSync(ask.fd, `${JSON.stringify({ calls: CALLS, fresh })}\n`);
      return JSON.parse(await honest.line()) as Round;
    };
    // Interpreters that start take the processors, whatever they do then.
    const hostile = Array.from({ length: attack.users }, (_, user) =>
      started(startHostile(where, begin.fd, attack, user)),
    );
    await Promise.all(hostile.map((each) => each.line()));
    const calm = await round(true);
    begun.close();
    const beginning = await round(false);
    await Promise.all(hostile.map((each) => each.line()));
    return { calm, beginning, old: await round(false), fresh: await round(true) };
  } finally {
    for (const each of [questions, ask, begin, begun]) each.close();
    for (const child of children.reverse()) await child[Symbol.asyncDispose]();
    fs.rmSync(directory, { recursive: true });
  }
}

function startServer(where: string, { limit, counted, quota }: Attack): Child {
  const own = counted ? ['setpriv', `--reuid=${UNPRIVILEGED}`, `--regid=${UNPRIVILEGED}`, '--clear-groups'] : [];
  const args = [built('rpc'), built(), where, quota ? 'quota' : 'no quota'];
  return start('prlimit', [`--nofile=${limit}:${limit}`, ...own, process.execPath, '-e', SERVER, '--'], { args });
}

function startHonest(where: string, questions: number, { quota }: Attack): Child {
  const patience = quota ? LONG_MS : SHORT_MS;
  const args = [built('rpc'), built(), where, String(CLIENTS), String(HONEST_USER), String(patience)];
  return start(process.execPath, ['-e', HONEST, '--'], { args, descriptors: [questions] });
}

function startHostile(where: string, begin: number, { connections }: Attack, user: number): Child {
  const args = [where, String(connections), String(FIRST_HOSTILE_USER + user)];
  return python(HOSTILE, { args, descriptors: [begin] });
}
