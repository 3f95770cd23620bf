import { Deadline, type Owed } from '../../../packages/stream/limits/deadlines/deadline';
import { Deadlines } from '../../../packages/stream/limits/deadlines/deadlines';
import { SteppedClock } from './stepped-clock';

/** Owes what the test says. */
class Debtor implements Owed {
  owed: number | undefined = 0;
  times = 0;

  overdue(): void {
    this.times++;
    this.owed = undefined;
  }
}

let clock: SteppedClock;
let deadlines: Deadlines;
let debtor: Debtor;
let deadline: Deadline;

beforeEach(() => {
  clock = new SteppedClock();
  deadlines = new Deadlines(clock.every);
  debtor = new Debtor();
  deadline = new Deadline(80, debtor, deadlines);
});

it('is over when all of its time has passed, and an eighth at most, once', () => {
  deadline.begin();
  expect(clock.running).toEqual([10]);
  // Of the first tick all, or nothing, may have passed before.
  clock.tick(8);
  expect(debtor.times).toBe(0);
  clock.tick();
  expect(debtor.times).toBe(1);
  clock.tick(100);
  expect(debtor.times).toBe(1);
});

it('begins anew with something else that is owed', () => {
  deadline.begin();
  for (let count = 0; count < 20; count++) {
    clock.tick(8);
    debtor.owed = count + 1;
  }
  expect(debtor.times).toBe(0);
  clock.tick(9);
  expect(debtor.times).toBe(1);
});

it('has no timer where nothing is owed, and none any more a tick after', () => {
  debtor.owed = undefined;
  deadline.begin();
  expect(clock.running).toEqual([]);
  debtor.owed = 1;
  deadline.begin();
  deadline.begin();
  expect(clock.running).toEqual([10]);
  debtor.owed = undefined;
  clock.tick();
  expect(clock.running).toEqual([]);
  expect(deadlines.timers).toBe(0);
});

it('counts on where the same is owed again, and is never early', () => {
  deadline.begin();
  clock.tick(5);
  debtor.owed = undefined;
  clock.tick();
  debtor.owed = 0;
  deadline.begin();
  clock.tick(4);
  expect(debtor.times).toBe(0);
  clock.tick();
  expect(debtor.times).toBe(1);
});

it('can be stopped for good', () => {
  deadline.begin();
  deadline.stop();
  deadline.stop();
  expect(clock.running).toEqual([]);
});

it('may be as long as a number can be', () => {
  new Deadline(Number.MAX_VALUE, debtor, deadlines).begin();
  expect(clock.running).toEqual([Number.MAX_VALUE / 8]);
});

it('shares the timer of its length with all others', () => {
  const many = Array.from({ length: 100 }, () => new Debtor());
  for (const [index, each] of many.entries()) new Deadline(index % 2 === 0 ? 80 : 800, each, deadlines).begin();
  expect(clock.running).toEqual([10, 100]);
  clock.tick(9);
  expect(many.map(({ times }) => times)).toEqual(Array<number>(100).fill(1));
  expect(clock.running).toEqual([]);
});

it('counts nothing of the tick in which another was over, and may begin then', () => {
  const later = new Deadline(80, new Debtor(), deadlines);
  const first: Owed = { owed: 1, overdue: () => later.begin() };
  new Deadline(80, first, deadlines).begin();
  clock.tick(9);
  expect(clock.running).toEqual([10]);
});
