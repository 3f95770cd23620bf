import { CALLS, CLIENTS, type Outcome, underAttack } from './attack/attack';

// The two attacks that the quota is there for. One connection after the other asks README's server for files and never reads an
// answer: of 20,000 descriptors that the process may have open, or, where the kernel counts them, of 600 that its user may have
// in flight, none is left for anybody else.

const TABLE = { limit: 20_000, counted: false };
const IN_FLIGHT = { limit: 600, counted: true };
const ONE_USER = { users: 1, connections: 50 };
const TEN_USERS = { users: 10, connections: 5 };
const ALL = CLIENTS * CALLS;

function failuresOf({ calm, beginning, old, fresh }: Outcome): string[] {
  return [calm, beginning, old, fresh].flatMap(({ failures }) => failures);
}

describe.each([
  ['the table of descriptors', TABLE],
  ['descriptors in flight', IN_FLIGHT],
])('attacks on %s', (_, server) => {
  test.each([
    ['one user', ONE_USER],
    ['ten users', TEN_USERS],
  ])(
    'every request of 5 honest clients is answered beside 50 connections of %s',
    async (_who, attackers) => {
      const outcome = await underAttack({ ...server, ...attackers, quota: true });
      expect(failuresOf(outcome)).toEqual([]);
      const { calm, beginning, old, fresh } = outcome;
      expect([calm, beginning, old, fresh].map(({ answered }) => answered)).toEqual([ALL, ALL, ALL, ALL]);
    },
    300_000,
  );

  test('without a quota they are not', async () => {
    const outcome = await underAttack({ ...server, ...ONE_USER, quota: false });
    expect(failuresOf(outcome)).not.toEqual([]);
  }, 300_000);
});
