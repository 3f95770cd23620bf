import { CALLS } from './calls';
import { allCases } from './fault-table';
import { countCalls, runFaults } from './run-faults';

/** That many faults of a hundred must strike: what wakes up when, and so how many calls there are, differs from run to run. */
const MOST_STRIKE = 90;

test('whatever a system call answers: typed errors, nothing open, no wrong descriptor, no close too many, no end of the process', async () => {
  const calls = await countCalls();
  expect(CALLS.filter((call) => calls.has(call))).toEqual(CALLS);
  const cases = allCases(calls);
  const { failures, struck } = await runFaults(cases);
  expect(failures).toEqual([]);
  expect((100 * struck) / cases.length).toBeGreaterThan(MOST_STRIKE);
});
