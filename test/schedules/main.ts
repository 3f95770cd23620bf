import '../../packages/ancillary';
import { explore } from './explore';
import { Trial } from './trial';
import { EXACT, fewerOrders, JOINED, KERNELS, nameOf, small } from './worlds';

/** Four frames of up to three bytes and two descriptors, merged by their states: `npm run test:exhaustive`. */
async function main(): Promise<void> {
  for (const kernel of KERNELS) {
    for (const world of [...EXACT, ...JOINED].filter(({ sender }) => sender !== 'SendQueue')) {
      const bytes = world.ownership === 'attached' ? 2 : 3;
      const started = process.cpuUsage();
      const { states, steps, schedules } = await explore(
        () => new Trial({ ...small(kernel, world, 4, bytes), ...fewerOrders(world) }),
      );
      const seconds = Math.round(process.cpuUsage(started).user / 1e6);
      console.log(
        `${kernel}, ${nameOf(world)}: ${states} states, ${steps} steps, ${schedules} schedules, ${seconds} s`,
      );
    }
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
