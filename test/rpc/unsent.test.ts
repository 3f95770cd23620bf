import { Unsent } from '../../packages/rpc/unsent';

/** How many answers of a size may wait. */
function most(bytes: number, fds: number, which: 'areMany' | 'areTooMany'): number {
  const unsent = new Unsent();
  let count = 0;
  for (; !unsent[which]; count++) unsent.add({ bytes, fds });
  for (let left = count; left > 0; left--) unsent.remove({ bytes, fds });
  expect(unsent[which]).toBe(false);
  return count;
}

test('answers are counted by their bytes and their descriptors', () => {
  expect(most(1024 * 1024, 0, 'areMany')).toBe(4);
  expect(most(1024 * 1024, 0, 'areTooMany')).toBe(64);
  expect(most(30, 1, 'areMany')).toBe(257);
});

test('short ones also by what each takes beside its bytes', () => {
  expect(most(30, 0, 'areMany')).toBeLessThan(5000);
  expect(most(150, 0, 'areTooMany')).toBeLessThan(70_000);
});
