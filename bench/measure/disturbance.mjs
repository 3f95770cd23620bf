import os from 'node:os';
import { PROCESSOR } from './launch.mjs';

/**
 * How busy the processors are on which nothing is measured. They may share a core with the one that is measured, so the
 * quieter they are, the more the figures say.
 */
export class Disturbance {
  #before = times();

  /** The share of time since this was made, from 0 to 1; NaN where there is one processor only. */
  share() {
    const { busy, all } = times();
    return (busy - this.#before.busy) / (all - this.#before.all);
  }
}

function times() {
  let busy = 0;
  let all = 0;
  for (const [index, { times: spent }] of os.cpus().entries()) {
    if (index === Number(PROCESSOR)) continue;
    const { user, nice, sys, irq, idle } = spent;
    busy += user + nice + sys + irq;
    all += user + nice + sys + irq + idle;
  }
  return { busy, all };
}
