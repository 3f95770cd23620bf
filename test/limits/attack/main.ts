import { type Attack, type Round, underAttack } from './attack';

// `npm run attack`: how long honest clients wait for an answer of README's server before, during and after the beginning of an
// attack, with the quota that it has by default and without one.

const ATTACKERS = [
  { users: 1, connections: 50 },
  { users: 10, connections: 5 },
] as const;
const SERVERS = [
  { limit: 20_000, counted: false },
  { limit: 600, counted: true },
] as const;

const shown = ({ answered, failures, median }: Round): string =>
  failures.length > 0 ? `${answered} answered, then ${failures[0] ?? ''}` : `${median.toFixed(2)} ms`;

async function main(): Promise<void> {
  for (const server of SERVERS) {
    for (const attackers of ATTACKERS) {
      for (const quota of [true, false]) {
        const attack: Attack = { ...server, ...attackers, quota };
        const { calm, beginning, old, fresh } = await underAttack(attack);
        const who = `${attackers.users} x ${attackers.connections} connections`;
        console.log(`limit ${server.limit}, ${who}, ${quota ? 'quota' : 'no quota'}`);
        console.log(
          `  median: calm ${shown(calm)}; as it begins ${shown(beginning)}; old ${shown(old)}; new ${shown(fresh)}`,
        );
      }
    }
  }
}

void main();
