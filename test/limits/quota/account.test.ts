import fc from 'fast-check';
import { Account, Whole } from '../../../packages/stream/limits/quota/account';
import { propertyRuns } from '../../support/properties';

const nothing = (): void => undefined;

/** Takes all that the account may, one after the other. */
function takeAll(account: Account): number {
  let taken = 0;
  while (account.free >= 1) {
    account.count(1);
    taken++;
  }
  return taken;
}

describe('shares', () => {
  test('half of everything is for whoever comes, and of the rest one may have a share', () => {
    const whole = new Whole(1000, nothing);
    expect(takeAll(new Account(whole, 1 / 4))).toBe(500);
    expect(takeAll(new Account(whole, 1 / 4))).toBe(100);
    expect(takeAll(new Account(new Whole(1000, nothing), 3 / 4))).toBe(750);
  });

  test(`those who come later may have a share of what is left, which gets smaller with each: dbus-broker's rule`, () => {
    const whole = new Whole(1024, nothing);
    const [first, second, third] = [new Account(whole, 1 / 2), new Account(whole, 1 / 2), new Account(whole, 1 / 2)];
    // The figures of dbus-broker's own test, test-user.c: of 1,024 at most 512, then 170, then as much as is fair of the rest.
    expect([takeAll(first), takeAll(second)]).toEqual([512, 170]);
    expect(takeAll(third)).toBe(Math.floor((1024 - 512 - 170) / 4));
  });

  test('one who has more than what is fair by now may take nothing, and nothing is taken from it', () => {
    const whole = new Whole(1000, nothing);
    const [first, second] = [new Account(whole, 1 / 2), new Account(whole, 1 / 2)];
    takeAll(first);
    takeAll(second);
    expect(first.held).toBe(500);
    expect([first.free, first.fair < 0]).toEqual([0, true]);
    first.count(-400);
    expect(first.free).toBeGreaterThan(0);
  });

  test('of what an account has, those under it have shares, and what they hold is held there and above', () => {
    const whole = new Whole(1000, nothing);
    const user = new Account(whole, 1 / 2);
    const [one, other] = [new Account(user, 1 / 2), new Account(user, 1 / 2)];
    expect(takeAll(one)).toBe(250);
    expect(takeAll(other)).toBeGreaterThan(0);
    expect(user.held).toBe(one.held + other.held);
    expect(whole.held).toBe(user.held);
    expect(whole.holders).toBe(1);
    expect(user.holders).toBe(2);
  });

  test('what it may have in any case it may have though others have taken all that is fair, as long as it is there', () => {
    const whole = new Whole(100, nothing);
    for (let i = 0; i < 30; i++) takeAll(new Account(whole, 1 / 2));
    const late = new Account(whole, 1 / 2, 4);
    expect(new Account(whole, 1 / 2).free).toBe(0);
    expect(takeAll(late)).toBe(Math.min(4, 100 - whole.held + late.held));
    expect(late.held).toBeGreaterThan(0);
  });

  test('what cannot be put off may be more than the share of what a user has, while half of all is free after it', () => {
    const whole = new Whole(1000, nothing);
    const account = new Account(new Account(whole, 1 / 4), 1 / 2);
    expect(account.free).toBe(250);
    expect([account.mayHave(250), account.mayHave(500), account.mayHave(501)]).toEqual([true, true, false]);
    account.count(500);
    expect([account.mayHave(1), account.free]).toEqual([false, 0]);
  });

  test('of what has no end everybody may have anything', () => {
    const whole = new Whole(Infinity, nothing);
    const account = new Account(new Account(whole, 1 / 4), 1 / 2, 4);
    account.count(1_000_000);
    expect([account.free, account.mayHave(1e9)]).toEqual([Infinity, true]);
    account.count(-1_000_000);
    expect(whole.held).toBe(0);
  });

  test('it tells when less is held, and not when more is', () => {
    const less = jest.fn();
    const whole = new Whole(100, less);
    const account = new Account(new Account(whole, 1 / 2), 1 / 2);
    account.count(3);
    expect(less).not.toHaveBeenCalled();
    account.count(-1);
    expect(less).toHaveBeenCalledTimes(1);
  });
});

describe('whoever takes what, in whatever order', () => {
  const steps = fc.array(fc.record({ who: fc.nat(11), amount: fc.integer({ min: -40, max: 60 }) }), { maxLength: 200 });
  const shares = fc.constantFrom(1 / 2, 1 / 3, 1 / 4);

  /** Lets each take as much as it asks for or may, and give back as much as it has. */
  function play(
    total: number,
    share: number,
    program: readonly { who: number; amount: number }[],
  ): {
    whole: Whole;
    accounts: Account[];
  } {
    const whole = new Whole(total, nothing);
    const accounts = Array.from({ length: 12 }, () => new Account(whole, share));
    for (const { who, amount } of program) {
      const account = accounts[who];
      if (account !== undefined) account.count(Math.max(-account.held, Math.min(amount, Math.max(0, account.free))));
    }
    return { whole, accounts };
  }

  test('all is accounted for, and nobody holds more than half of all', () => {
    fc.assert(
      fc.property(steps, shares, fc.integer({ min: 1, max: 3000 }), (program, share, total) => {
        const { whole, accounts } = play(total, share, program);
        expect(whole.held).toBe(accounts.reduce((sum, { held }) => sum + held, 0));
        expect(whole.holders).toBe(accounts.filter(({ held }) => held > 0).length);
        for (const { held } of accounts) expect(held).toBeLessThanOrEqual(total / 2);
      }),
      propertyRuns,
    );
  });

  test('n who took what they could leave a part for the next: s / (2n + 2s - 2) of all, where the share is 1/s', () => {
    fc.assert(
      fc.property(steps, shares, fc.integer({ min: 1, max: 3000 }), (program, share, total) => {
        const { whole, accounts } = play(total, share, program);
        // In the worst case: all of them one after the other, each until it may take nothing more.
        for (const account of accounts) takeAll(account);
        const s = 1 / share;
        const n = whole.holders;
        expect(whole.free).toBeGreaterThanOrEqual(Math.floor((total * s) / (2 * n + 2 * s - 2)));
      }),
      propertyRuns,
    );
  });

  test('when all is given back nothing is held', () => {
    fc.assert(
      fc.property(steps, shares, (program, share) => {
        const { whole, accounts } = play(1000, share, program);
        for (const account of accounts) account.count(-account.held);
        expect([whole.held, whole.holders]).toEqual([0, 0]);
      }),
      propertyRuns,
    );
  });
});
