import '../../packages/ancillary';
import { explore } from './explore';
import { Trial } from './trial';
import { EARLY, EXACT, fewerOrders, JOINED, nameOf, SHORT, small, WILD } from './worlds';

/** Worlds of two frames, smallest first; prints what is wrong in the first one that fails, as JSON. */
async function main(): Promise<void> {
  for (const kernel of ['linux', 'bsd'] as const) {
    for (const world of [...EXACT, ...JOINED, ...EARLY, ...SHORT, ...WILD]) {
      try {
        // A frame that waits while the next one comes is taken in time, else too late: of these, every order.
        const orders = world.ownership === 'early' ? {} : fewerOrders(world);
        await explore(() => new Trial({ ...small(kernel, world, 2, 2), ...orders }));
      } catch (error) {
        const [what = '', ...story] = String(error).split('\n  ');
        console.log(JSON.stringify({ world: `${kernel}, ${nameOf(world)}`, what, story }));
        return;
      }
    }
  }
}

void main();
