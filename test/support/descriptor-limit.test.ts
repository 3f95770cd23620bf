import { closeSync, openSync } from 'node:fs';
import { withDescriptorLimit } from './descriptor-limit';

/** Opens until the kernel refuses; closes all. */
function slotsLeft(most: number): number {
  const opened: number[] = [];
  try {
    while (opened.length < most) opened.push(openSync('/dev/null', 'r'));
  } catch (error) {
    expect(error).toMatchObject({ code: 'EMFILE' });
  }
  for (const fd of opened) closeSync(fd);
  return opened.length;
}

test.each([0, 1, 5])('exactly %i descriptors can be opened under a limit of so many', async (slots) => {
  expect(await withDescriptorLimit(slots, () => Promise.resolve(slotsLeft(slots + 10)))).toBe(slots);
});

test('holes among the open numbers count as free', async () => {
  const [first, hole, last] = ['/dev/null', '/dev/zero', '/dev/full'].map((file) => openSync(file, 'r'));
  closeSync(hole ?? -1);
  expect(await withDescriptorLimit(3, () => Promise.resolve(slotsLeft(10)))).toBe(3);
  for (const fd of [first, last]) closeSync(fd ?? -1);
});

test('the limit is as before afterwards, also when what ran under it failed', async () => {
  const failure = new Error('on purpose');
  await expect(withDescriptorLimit(0, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(slotsLeft(100)).toBe(100);
});
