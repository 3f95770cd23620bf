import '../../packages/ancillary';
import { explore } from './explore';
import { Trial, type Setting } from './trial';
import { EARLY, EXACT, FEWER_ORDERS, KERNELS, nameOf, SHORT, small, smallTailed, WILD } from './worlds';

// What holds in each of them is checked by Trial: bytes in order and complete, each descriptor delivered to the frame that
// the rules say or closed and reported, `ambiguous` and `truncated` exactly as defined, and nothing left open wherever a
// run is broken off.

jest.setTimeout(120_000);

const told: string[] = [];

afterAll(() => {
  console.log(`Small worlds, tried exhaustively:\n${told.join('\n')}`);
});

async function tryAll(name: string, setting: Setting): Promise<void> {
  const { states, steps, schedules } = await explore(() => new Trial(setting));
  told.push(`${name}: ${states} states, ${steps} steps, ${schedules} schedules`);
  expect(states).toBeGreaterThan(50);
}

describe('linux: three frames of up to two bytes and two descriptors, in every order', () => {
  test.each(EXACT.map((world) => [nameOf(world), world] as const))('%s', async (name, world) => {
    await tryAll(`linux, 3 frames, ${name}`, small('linux', world, 3, 2));
  });
});

describe.each(KERNELS)('%s: three frames of up to two bytes and two descriptors', (kernel) => {
  test.each([...EXACT, ...EARLY].map((world) => [nameOf(world), world] as const))('%s', async (name, world) => {
    await tryAll(`${kernel}, 3 frames, ${name}, fewer orders`, { ...small(kernel, world, 3, 2), ...FEWER_ORDERS });
  });
});

describe.each(KERNELS)('%s: two frames of up to two bytes and two descriptors', (kernel) => {
  test.each(EARLY.map((world) => [nameOf(world), world] as const))('in every order: %s', async (name, world) => {
    await tryAll(`${kernel}, 2 frames, ${name}`, small(kernel, world, 2, 2));
  });

  test.each([...WILD, ...SHORT].map((world) => [nameOf(world), world] as const))('%s', async (name, world) => {
    await tryAll(`${kernel}, 2 frames, ${name}`, { ...small(kernel, world, 2, 2), ...FEWER_ORDERS });
  });

  test.each(EXACT.map((world) => [nameOf(world), world] as const))(
    'that tell their length by their last byte: %s',
    async (name, world) => {
      await tryAll(`${kernel}, 2 frames told at their end, ${name}`, smallTailed(kernel, world, 2, 2));
    },
  );
});
