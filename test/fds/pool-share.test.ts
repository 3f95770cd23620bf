import { PoolShare } from '../../packages/ancillary/pool-share';

it('two begin at once, and the others in their order, each when one has left', () => {
  const share = new PoolShare();
  const begun: string[] = [];
  const begins = ['a', 'b', 'c', 'd', 'e'].map((name) => () => void begun.push(name));
  for (const begin of begins) share.enter(begin);
  expect(begun).toEqual(['a', 'b']);
  const [, , , fourth] = begins;
  if (fourth === undefined) throw new Error('there are five');
  expect([share.withdraw(fourth), share.withdraw(fourth)]).toEqual([true, false]);
  share.leave();
  expect(begun).toEqual(['a', 'b', 'c']);
  share.leave();
  share.leave();
  share.leave();
  expect(begun).toEqual(['a', 'b', 'c', 'e']);
  share.enter(() => void begun.push('f'));
  expect(begun).toEqual(['a', 'b', 'c', 'e', 'f']);
});
