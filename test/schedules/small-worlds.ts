import type { KernelName } from '../../packages/binding-model';
import { explore } from './explore';
import { Trial, type Setting } from './trial';
import { EARLY, EXACT, fewerOrders, JOINED, nameOf, SHORT, small, smallTailed, WILD } from './worlds';

/**
 * Tests that try small worlds of this kernel exhaustively. What holds in each of them is checked by Trial: bytes in order
 * and complete, each descriptor delivered to the frame that the rules say or closed and reported, `ambiguous` and
 * `truncated` exactly as defined, and nothing left open wherever a run is broken off.
 */
export function testSmallWorlds(kernel: KernelName): void {
  const told: string[] = [];

  afterAll(() => {
    console.log(`Small worlds of ${kernel}, tried exhaustively:\n${told.join('\n')}`);
  });

  async function tryAll(name: string, setting: Setting): Promise<void> {
    const { states, steps, schedules } = await explore(() => new Trial(setting));
    told.push(`${name}: ${states} states, ${steps} steps, ${schedules} schedules`);
    expect(states).toBeGreaterThan(50);
  }

  test.each(named(EXACT))('three frames, in every order: %s', async (name, world) => {
    await tryAll(`3 frames, ${name}`, small(kernel, world, 3, 2));
  });

  test.each(named(EARLY))('three frames, fewer orders: %s', async (name, world) => {
    await tryAll(`3 frames, ${name}, fewer orders`, { ...small(kernel, world, 3, 2), ...fewerOrders(world) });
  });

  test.each(named(JOINED))('three frames, taken at once: %s', async (name, world) => {
    await tryAll(`3 frames, ${name}, taken at once`, { ...small(kernel, world, 3, 2), ...fewerOrders(world) });
  });

  test.each(named([...EARLY, ...JOINED]))('two frames, in every order: %s', async (name, world) => {
    await tryAll(`2 frames, ${name}`, small(kernel, world, 2, 2));
  });

  test.each(named([...WILD, ...SHORT]))('two frames, fewer orders: %s', async (name, world) => {
    await tryAll(`2 frames, ${name}, fewer orders`, { ...small(kernel, world, 2, 2), ...fewerOrders(world) });
  });

  test.each(named([...EXACT, ...JOINED]))(
    'two frames that tell their length by their last byte: %s',
    async (name, world) => {
      await tryAll(`2 frames told at their end, ${name}`, smallTailed(kernel, world, 2, 2));
    },
  );
}

function named<World extends Parameters<typeof nameOf>[0]>(worlds: readonly World[]): (readonly [string, World])[] {
  return worlds.map((world) => [nameOf(world), world] as const);
}
